// Which tensors have dims that depend on values: how many boxes NonMaxSuppression keeps is another number for every image. Such tensors fit no
// buffer of fixed size, and no integer model of fixed dims.

import { subgraphs } from '../attribute.js'
import { outerInputs, sortTopologically } from '../graph.js'
import { readsDimsOnly } from '../operators.js'
import { isScan } from '../scan.js'
import type { GraphProto, NodeProto, ValueInfoProto } from '../types.js'

/** Their results are as long as their inputs' values say. */
const selecting: ReadonlySet<string> = new Set(['NonMaxSuppression', 'NonZero', 'Unique', 'Compress', 'StringSplit'])
/** Operators whose dims are given by the values of inputs. */
const shaped: ReadonlySet<string> = new Set(
  'ConstantOfShape Expand OneHot Pad Range Reshape Resize Slice Tile TopK Upsample CenterCropPad Trilu Split'.split(
    ' ',
  ),
)

/**
 * The tensors whose dims vary with values.
 * @param open tensors whose dims the runtime cannot infer from the inputs' dims; only they can vary
 */
export function varyingTensors(graph: GraphProto, open: ReadonlySet<string>): ReadonlySet<string> {
  const varying = new Set<string>()
  if (open.size === 0) return varying
  /** Tensors whose values follow from values that are fed. */
  const fed = new Set(graph.input.map(({ name }) => name))
  for (const { name } of graph.initializer) fed.delete(name)
  for (const node of sortTopologically(graph.node)) {
    const inputs = outerInputs(node)
    const varies = inputs.some((name) => varying.has(name))
    const makesVarying = varies || readsItsDims(node, fed) || hasVaryingGraph(node)
    const outputs = node.output.filter((name) => name !== '')
    const kept = varies ? [] : keptStates(node)
    if (makesVarying) for (const name of outputs) if (open.has(name) && !kept.includes(name)) varying.add(name)
    const readsValues = readsDimsOnly(node) ? varies : inputs.some((name) => fed.has(name))
    if (readsValues) for (const name of outputs) fed.add(name)
  }
  return varying
}

/** Whether what graphs inside a node give may vary: data choose a branch of an If, or end a Loop, but a Scan has a step for each element. */
function hasVaryingGraph(node: NodeProto): boolean {
  const graphs = subgraphs(node)
  if (!isScan(node)) return graphs.length > 0
  return graphs.some((body) => {
    const varying = varyingTensors(body, new Set(body.node.flatMap(({ output }) => output)))
    return body.output.some(({ name }) => varying.has(name))
  })
}

/** What a Loop leaves of the states whose dims no step changes, as it declares: the runtime infers nothing of them. */
function keptStates(node: NodeProto): readonly string[] {
  const [body] = node.opType === 'Loop' ? subgraphs(node) : []
  if (body === undefined) return []
  const states = body.input.slice(2)
  return node.output.slice(0, states.length).filter((_, i) => {
    const [before, after] = [dimsOf(states[i]), dimsOf(body.output[1 + i])]
    return before !== undefined && !before.includes(undefined) && String(before) === String(after)
  })
}

const dimsOf = (info: ValueInfoProto | undefined) => info?.type?.tensorType?.shape?.dim.map(({ dimValue }) => dimValue)

function readsItsDims({ opType, input }: NodeProto, fed: ReadonlySet<string>): boolean {
  if (selecting.has(opType)) return true
  const arguments_ = opType === 'Range' || opType === 'ConstantOfShape' ? input : input.slice(1)
  return shaped.has(opType) && arguments_.some((name) => fed.has(name))
}
