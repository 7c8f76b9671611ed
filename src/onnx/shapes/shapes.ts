// Element type and dims of every tensor for given inputs: inferred by the runtime where it knows them all, else from one run of the model.

import { SquireError } from '../../errors.js'
import { own } from '../../own.js'
import { modelInputs } from '../model.js'
import { openModel } from '../runtime/openModel.js'
import { isScan } from '../scan.js'
import { tensorDims } from '../tensor.js'
import type { Model, ModelProto, NodeProto, TensorInfo, TensorValue } from '../types.js'
import { type Inferred, inferTensors, withShapes } from './inference.js'
import { stepTensors } from './stepTensors.js'
import { varyingTensors } from './varying.js'

type Feeds = Readonly<Record<string, TensorValue>>

/**
 * Inputs, initializers and outputs are in the result too, and what lives inside the steps of Scan; sequences, optionals and strings, and what
 * lives inside If and Loop, are not.
 */
export async function shapesFor(model: Model, feeds: Feeds): Promise<Map<string, TensorInfo>> {
  const fed = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]))
  const written = await inferTensors(model.proto, fed)
  const open = new Set(written.filter((tensor) => !isKnown(tensor)).map(({ name }) => name))
  const dims = open.size === 0 ? written.map((tensor) => tensor.dims) : await runForDims(model, feeds, written)
  const varying = varyingTensors(model.proto.graph, open)
  const infos = new Map<string, TensorInfo>()
  for (const tensor of model.proto.graph.initializer) {
    infos.set(tensor.name, { dataType: tensor.dataType, dims: tensorDims(tensor) })
  }
  for (const { name, dataType } of modelInputs(model.proto)) {
    infos.set(name, { dataType, dims: own(fed, name) ?? [] })
  }
  for (const [i, { name, dataType }] of written.entries()) {
    infos.set(name, { dataType, dims: dims[i] as number[], ...(varying.has(name) && { varies: true }) })
  }
  for (const node of model.proto.graph.node.filter(isScan)) {
    for (const [name, info] of await knownSteps(model.proto, node, infos)) infos.set(name, info)
  }
  return infos
}

/** What the steps of a Scan read and write; nothing where the runtime does not know all dims. */
async function knownSteps(
  proto: ModelProto,
  node: NodeProto,
  around: ReadonlyMap<string, TensorInfo>,
): Promise<readonly (readonly [string, TensorInfo])[]> {
  const fixed = (name: string) => {
    const info = around.get(name)
    return info?.varies ? undefined : info
  }
  const inner = [...((await stepTensors(proto, node, fixed)) ?? [])]
  const isFixed = inner.every(([, { dims }]) => dims.every((dim) => typeof dim === 'number'))
  return isFixed ? (inner as [string, TensorInfo][]) : []
}

/** Without dims it is a scalar or of unknown rank: the runtime does not tell them apart. */
function isKnown({ dims }: Inferred): boolean {
  return dims.length > 0 && dims.every((dim) => typeof dim === 'number')
}

/** Runs the model once, with Shape nodes as outputs: the tensors themselves would be a copy of all that the model computes. */
async function runForDims(model: Model, feeds: Feeds, written: readonly Inferred[]) {
  const { proto, names } = withShapes(
    model.proto,
    written.map(({ name }) => name),
  )
  const session = await openModel(proto)
  try {
    const results = await session.run(feeds, names)
    return names.map((name) => Array.from(results[name]!.data, Number))
  } catch (error) {
    throw withInputs(error, feeds)
  } finally {
    await session.release()
  }
}

/** The first run's failure often lies in what was fed: dims that a model leaves open, but cannot work with. */
function withInputs(error: unknown, feeds: Feeds): unknown {
  if (!(error instanceof SquireError)) return error
  const inputs = Object.entries(feeds).map(([name, { dims }]) => `"${name}" [${dims.join(', ')}]`)
  return new SquireError(error.code, `${error.message.replace(/\.?$/, '.')} It was fed ${inputs.join(', ')}.`, {
    cause: error,
  })
}
