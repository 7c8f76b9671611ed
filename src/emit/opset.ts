// Raises nodes of opset 7 to 12 to opset 13, where every operator that squire emits has one form. Sources from 13 on stay as they are.
// Operators not in the table mean the same in both. Source: onnx/docs/Changelog.md.

import { SquireError } from '../errors.js'
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  makeAttribute,
  stringAttribute,
} from '../onnx/attribute.js'
import { makeNode } from '../onnx/node.js'
import { isStandardDomain } from '../onnx/operators.js'
import { DataType, type GraphProto, type NodeProto, type TensorData, type TensorInfo } from '../onnx/types.js'
import type { GraphBuilder } from './builder.js'

export const EMITTED_OPSET = 13

/** What an upgrade may ask of the graph around the node. */
export interface Surroundings {
  /** Adds an initializer to the main graph, from where subgraphs may read it too. */
  initializer(wish: string, dataType: number, dims: readonly number[], data: TensorData): string
  /** A name for a tensor between two nodes. */
  name(wish: string): string
  /** undefined where it is not known. */
  rank(tensor: string): number | undefined
  /** undefined where it is not known. */
  dataType(tensor: string): number | undefined
}

export function surroundingsIn(builder: GraphBuilder, tensors: ReadonlyMap<string, TensorInfo>): Surroundings {
  return {
    initializer: (wish, dataType, dims, data) => builder.initializer(wish, dataType, dims, data),
    name: (wish) => builder.name(wish),
    rank: (tensor) => tensors.get(tensor)?.dims.length,
    dataType: (tensor) => tensors.get(tensor)?.dataType,
  }
}

/** The node's form at opset 13, or why there is none. */
type Upgrade = (node: NodeProto, around: Surroundings) => readonly NodeProto[] | string

interface Change {
  /** The first opset with the new form. */
  readonly since: number
  readonly upgrade: Upgrade
}

const changes: ReadonlyMap<string, Change> = new Map(
  Object.entries({
    BatchNormalization: { since: 9, upgrade: upgradeBatchNormalization },
    Clip: { since: 11, upgrade: upgradeClip },
    Dropout: { since: 12, upgrade: upgradeDropout },
    Hardmax: { since: 13, upgrade: upgradeSoftmax },
    LogSoftmax: { since: 13, upgrade: upgradeSoftmax },
    Pad: { since: 11, upgrade: upgradePad },
    ReduceSum: { since: 13, upgrade: upgradeAxes },
    Resize: { since: 11, upgrade: upgradeResize },
    Scan: { since: 9, upgrade: () => 'it has another meaning before opset 9' },
    Scatter: { since: 13, upgrade: (node) => [{ ...node, opType: 'ScatterElements' }] },
    Slice: { since: 10, upgrade: upgradeSlice },
    Softmax: { since: 13, upgrade: upgradeSoftmax },
    Split: { since: 13, upgrade: (node, around) => [toInputs(node, around, ['split'])] },
    Squeeze: { since: 13, upgrade: upgradeAxes },
    TopK: { since: 10, upgrade: upgradeTopK },
    Unsqueeze: { since: 13, upgrade: upgradeAxes },
    Upsample: { since: 13, upgrade: upgradeResize },
  } satisfies Record<string, Change>),
)

/** The nodes in the form of opset 13 or later. Throws SquireError UNSUPPORTED naming every node that has none. */
export function upgradeNodes(nodes: readonly NodeProto[], opset: number, around: Surroundings): NodeProto[] {
  const failures: string[] = []
  const upgraded = upgradeAll(nodes, opset, around, failures)
  if (failures.length === 0) return upgraded
  const head = `The model's opset is ${opset}; squire writes opset ${EMITTED_OPSET} and cannot convert:`
  throw new SquireError('UNSUPPORTED', [head, ...failures, 'Export the model again with opset 13 or later.'].join('\n'))
}

function upgradeAll(nodes: readonly NodeProto[], opset: number, around: Surroundings, failures: string[]): NodeProto[] {
  if (opset >= EMITTED_OPSET) return [...nodes]
  return nodes.flatMap((node) => {
    const change = isStandardDomain(node.domain) ? changes.get(node.opType) : undefined
    const result = change !== undefined && opset < change.since ? change.upgrade(node, around) : [node]
    if (typeof result === 'string') {
      failures.push(`${node.opType} "${node.name}": ${result}`)
      return []
    }
    return result.map((item) => mapSubgraphs(item, (inner) => upgradeAll(inner.node, opset, around, failures)))
  })
}

function mapSubgraphs(node: NodeProto, nodesOf: (graph: GraphProto) => NodeProto[]): NodeProto {
  const mapGraph = (graph: GraphProto): GraphProto => ({ ...graph, node: nodesOf(graph) })
  const attribute = node.attribute.map((item) => ({
    ...item,
    ...(item.g !== undefined && { g: mapGraph(item.g) }),
    ...(item.graphs !== undefined && { graphs: item.graphs.map(mapGraph) }),
  }))
  return { ...node, attribute }
}

function without(node: NodeProto, ...names: readonly string[]): NodeProto {
  return { ...node, attribute: node.attribute.filter(({ name }) => !names.includes(name)) }
}

/** INTS attributes become inputs behind the ones there are, in this order; an absent one is an omitted input. */
function toInputs(node: NodeProto, around: Surroundings, names: readonly string[]): NodeProto {
  const inputs = names.map((name) => {
    const values = intsAttribute(node, name, undefined)
    return values === undefined ? '' : integers(around, `${node.name}/${name}`, values)
  })
  while (inputs.at(-1) === '') inputs.pop()
  return { ...without(node, ...names), input: [...node.input, ...inputs] }
}

function integers(around: Surroundings, wish: string, values: readonly number[]): string {
  return around.initializer(wish, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt))
}

function upgradeAxes(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  return [toInputs(node, around, ['axes'])]
}

function upgradeSlice(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  return [toInputs(node, around, ['starts', 'ends', 'axes'])]
}

function upgradeTopK(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  const k = integers(around, `${node.name}/k`, [intAttribute(node, 'k', 1)])
  return [{ ...without(node, 'k'), input: [...node.input, k] }]
}

function upgradeClip(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const type = around.dataType(node.input[0]!)
  if (type !== undefined && type !== DataType.FLOAT) return 'it clips elements that are not float32'
  const bounds = (['min', 'max'] as const).map((name) => {
    const value = floatAttribute(node, name, Number.NaN)
    return Number.isNaN(value) ? '' : float(around, `${node.name}/${name}`, value)
  })
  return [{ ...without(node, 'min', 'max'), input: [...node.input, ...bounds] }]
}

function upgradePad(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const type = around.dataType(node.input[0]!)
  const value = floatAttribute(node, 'value', 0)
  if (value !== 0 && type !== undefined && type !== DataType.FLOAT) return 'it pads elements that are not float32'
  const padded = toInputs(node, around, ['pads'])
  const constant = value === 0 ? [] : [float(around, `${node.name}/value`, value)]
  return [{ ...without(padded, 'value'), input: [...padded.input, ...constant] }]
}

function float(around: Surroundings, wish: string, value: number): string {
  return around.initializer(wish, DataType.FLOAT, [], Float32Array.of(value))
}

/** Upsample, and Resize of opset 10: element i of the output is at i / scale of the input. */
function upgradeResize(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  const scales = floatsAttribute(node, 'scales', undefined)
  const input =
    scales === undefined
      ? node.input[1]!
      : around.initializer(`${node.name}/scales`, DataType.FLOAT, [scales.length], Float32Array.from(scales))
  const attributes = [
    makeAttribute('mode', stringAttribute(node, 'mode', 'nearest')),
    makeAttribute('coordinate_transformation_mode', 'asymmetric'),
    makeAttribute('nearest_mode', 'floor'),
  ]
  return [makeNode('Resize', [node.input[0]!, '', input], node.output, attributes, node.name)]
}

function upgradeDropout(node: NodeProto): readonly NodeProto[] | string {
  if (node.output.length > 1 && node.output[1] !== '') return 'its mask is read'
  return [without(node, 'ratio', 'is_test')]
}

function upgradeBatchNormalization(node: NodeProto): readonly NodeProto[] | string {
  if (intAttribute(node, 'spatial', 1) === 0) return 'it normalizes every element on its own'
  return [without(node, 'spatial')]
}

/** Before 13 all axes from `axis` on are one; since 13 `axis` is the only one. They agree where it is the last. */
function upgradeSoftmax(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const rank = around.rank(node.input[0]!)
  if (rank === undefined) return 'the rank of its input is not known'
  const given = intAttribute(node, 'axis', 1)
  const axis = given < 0 ? given + rank : given
  const last = [...without(node, 'axis').attribute, makeAttribute('axis', -1)]
  if (axis === rank - 1) return [{ ...node, attribute: last }]
  const [shape, flat, result] = ['shape', 'flat', 'result'].map((part) => around.name(`${node.name}/${part}`)) as [
    string,
    string,
    string,
  ]
  return [
    makeNode('Shape', [node.input[0]!], [shape], [], `${node.name}/Shape`),
    makeNode('Flatten', [node.input[0]!], [flat], [makeAttribute('axis', axis)], `${node.name}/Flatten`),
    { ...node, input: [flat], output: [result], attribute: last },
    makeNode('Reshape', [result, shape], node.output, [], `${node.name}/Reshape`),
  ]
}
