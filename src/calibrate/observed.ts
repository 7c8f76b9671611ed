// The float model made ready to be observed: a file with the observed tensors as outputs, in the runtime's own order and for several samples at
// once where that works.

import { join } from 'node:path'
import { modelFile } from '../engine/modelFile.js'
import type { ModelFile, Observation } from '../engine/protocol.js'
import { messageOf } from '../errors.js'
import { tensorBytes } from '../onnx/file/codec.js'
import { elementCount } from '../onnx/tensor.js'
import type { Model, ModelProto, TensorInfo } from '../onnx/types.js'
import { leaveBlocked } from './dodges/blocked.js'
import { type Dodge, dodgesInUse } from './dodges/dodges.js'
import { forSeveral, type Stackable, samplesToStack, unstacked } from './dodges/stack.js'
import { withRefusedOutput } from './dodges/uncopied.js'
import type { Prepared } from './prepare.js'
import type { Feeds, ObservedModel } from './runner.js'

/**
 * `workspace` is a folder for temporary files.
 * @param samples how many are observed
 */
export async function makeObserved(
  prepared: Prepared,
  workspace: string,
  samples: number = Number.POSITIVE_INFINITY,
  dodges: readonly Dodge[] = dodgesInUse(),
): Promise<ObservedModel> {
  const { model, plan, plain, feeds, tensors, key } = prepared
  const outputs = new Set(plain.outputs)
  const exposed = plan.observed.filter((name) => !outputs.has(name) && !Object.hasOwn(feeds, name))
  const dims = plan.observed.map((name) => tensors.get(name)!.dims)
  const values = dims.reduce((sum, one) => sum + elementCount(one), 0)
  const names = [...plain.outputs, ...exposed]
  const stackable: Stackable = { proto: model.proto, feeds, names, tensors, values, samples }
  const written = (proto: ModelProto) => {
    const observed = withOutputs(proto, exposed)
    const given = dodges.includes('uncopied') ? withRefusedOutput(observed) : observed
    return modelFile(given, join(workspace, 'observed.onnx'))
  }
  const several = dodges.includes('stack') ? await forSeveral(stackable, written) : undefined
  const inRows = several?.file ?? (await written(model.proto))
  const dimsOf = new Map(exposed.map((name) => [name, tensors.get(name)!.dims]))
  const { blocked, log, ...file } = dodges.includes('blocked')
    ? await inRuntimeOrder(model, inRows, dimsOf, feeds, join(workspace, 'blocked.onnx'))
    : { ...inRows, blocked: {}, log: 'all tensors observed in row order: SQUIRE_DODGES leaves blocked out' }
  const { stacked, stackAxes } = several ? await samplesToStack(stackable, { ...several, file }) : unstacked
  return {
    observed: { ...file, inputs: plain.inputs, outputs: plain.outputs },
    plain,
    observation: {
      tensors: plan.observed,
      dims,
      blocked,
      masked: plan.observed.filter((name) => plan.masked.has(name)),
      inputDims: Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims])),
      stacked,
      stackAxes,
      outputs: Object.fromEntries(plain.outputs.flatMap((name) => infoOf(name, tensors))),
    },
    key,
    log: [log, `samples in a forward pass: ${stacked}`],
  }
}

/** Models of more than this stay as they are: the optimized one is in memory whole, once or twice, before it is written. */
const MOST_BLOCKED_BYTES = 2 ** 27

/** The observed model, with tensors left in the runtime's order where that works. */
async function inRuntimeOrder(
  { proto }: Model,
  file: ModelFile,
  exposed: ReadonlyMap<string, readonly number[]>,
  feeds: Feeds,
  path: string,
) {
  const worthIt = proto.graph.node.some(({ opType }) => opType === 'Conv') && tensorBytes(proto) <= MOST_BLOCKED_BYTES
  // It is the runtime's own doing: whatever fails, the model as it was gives the same.
  const layouts = worthIt ? await leaveBlocked(file.path, exposed, feeds, path).catch(messageOf) : undefined
  if (!(layouts instanceof Map)) {
    return {
      ...file,
      blocked: {},
      log: `all tensors observed in row order${layouts === undefined ? '' : `: ${layouts}`}`,
    }
  }
  const log = `observed in the runtime's own order: ${layouts.size} of ${exposed.size} tensors`
  return { ...file, path, optimized: true, blocked: Object.fromEntries(layouts) as Observation['blocked'], log }
}

/** A name's type and dims as an entry; none for an output that is not a tensor. */
function infoOf(name: string, tensors: ReadonlyMap<string, TensorInfo>): [string, TensorInfo][] {
  const info = tensors.get(name)
  return info === undefined ? [] : [[name, info]]
}

/**
 * An added output has no type, which the runtime infers. The type of the model's own outputs is left out as well: a file may tell another rank than an output has,
 * and the runtime then refuses to write the output into memory that was allocated for it.
 */
function withOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const own = proto.graph.output.map((info) => (info.type?.tensorType === undefined ? info : { name: info.name }))
  const output = [...own, ...names.map((name) => ({ name }))]
  return { ...proto, graph: { ...proto.graph, output } }
}
