// -is and -ib: dynamic inputs become static ones.

import { messageOf, SquireError } from '../../errors.js'
import { modelInputs } from '../model.js'
import { inferTensors, unlessRefused } from '../shapes/inference.js'
import type { ModelProto } from '../types.js'
import { fixDims } from './fixDims.js'

type Shapes = readonly (readonly number[])[]

/**
 * The model in which every input has a rank: an input without any shape gets open dims, as many as the shape that -is has for it. Inputs that have no such
 * shape stay as they are.
 */
export function withRanks(proto: ModelProto, shapes: Shapes): ModelProto {
  const initializers = new Set(proto.graph.initializer.map(({ name }) => name))
  // A scalar has no dims to choose, and no place among the shapes.
  const chosen = proto.graph.input.filter(({ name, type }) => {
    return !initializers.has(name) && type?.tensorType?.shape?.dim.length !== 0
  })
  const input = proto.graph.input.map((info) => {
    const shape = shapes[chosen.indexOf(info)]
    const { tensorType } = info.type ?? {}
    if (shape === undefined || tensorType === undefined || tensorType.shape !== undefined) return info
    return { ...info, type: { ...info.type, tensorType: { ...tensorType, shape: { dim: shape.map(() => ({})) } } } }
  })
  return { ...proto, graph: { ...proto.graph, input } }
}

/**
 * @param shapes one for each input that has dims, in model order; inputs behind the last shape stay as they are
 * @throws SquireError CONFIG for a shape that an input cannot have
 */
export function fixInputShapes(proto: ModelProto, shapes: Shapes): ModelProto {
  // A scalar has none to choose, and no way to say so on the command line.
  const inputs = modelInputs(proto).filter(({ dims }) => dims.length > 0)
  if (shapes.length > inputs.length) {
    const names = inputs.map(({ name }) => `"${name}"`).join(', ')
    throw new SquireError(
      'CONFIG',
      `--input-shapes (-is) has ${shapes.length} shapes, the model has ${inputs.length} inputs with dims: ${names}. Give one for each, in this order.`,
    )
  }
  for (const [i, shape] of shapes.entries()) {
    const { name, dims } = inputs[i]!
    if (dims.length === shape.length && dims.every((dim, axis) => typeof dim === 'string' || dim === shape[axis]))
      continue
    const expected = `[${dims.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`
    const advice = dims.length === shape.length ? 'only dynamic dims can be chosen' : `give ${dims.length} dims`
    throw new SquireError(
      'CONFIG',
      `--input-shapes (-is): input "${name}" has dims ${expected}, which [${shape.join(', ')}] does not fit: ${advice}.`,
    )
  }
  return fixDims(proto, Object.fromEntries(shapes.map((shape, i) => [inputs[i]!.name, shape])))
}

/** @throws SquireError CONFIG where the graph cannot take the shapes that its inputs were given, with the runtime's reason, which names the node */
export async function requireFittingShapes(proto: ModelProto, shapes: Shapes): Promise<void> {
  try {
    await inferTensors(proto)
  } catch (error) {
    // What the runtime refuses in any shapes is not their fault, and may yet be lowered to what it takes.
    if ((await unlessRefused(inferTensors(withoutShapes(proto)))) === undefined) return
    const given = shapes.map((shape) => `[${shape.join(', ')}]`).join(', ')
    throw new SquireError(
      'CONFIG',
      `--input-shapes (-is): the graph contradicts ${given}: ${messageOf(error)}. Give the shapes that its operators take.`,
      { cause: error },
    )
  }
}

function withoutShapes({ graph, ...proto }: ModelProto): ModelProto {
  const input = graph.input.map(({ name, type }) => {
    const { shape: _, ...tensorType } = type?.tensorType ?? { elemType: 0 }
    return { name, type: { tensorType } }
  })
  return { ...proto, graph: { ...graph, input } }
}

/** Every dynamic first dimension becomes `batch`. @throws SquireError CONFIG when there is none */
export function fixBatch(proto: ModelProto, batch: number): ModelProto {
  const dynamic = modelInputs(proto).filter(({ dims }) => typeof dims[0] === 'string')
  if (dynamic.length === 0) {
    throw new SquireError(
      'CONFIG',
      '--ir-batch (-ib) is for models with a dynamic batch; the first dimension of every input of this one is fixed. Leave it away.',
    )
  }
  const names = new Map(dynamic.map((input) => [input.name, input]))
  const input = proto.graph.input.map((info) => {
    const shape = names.has(info.name) ? info.type?.tensorType?.shape : undefined
    if (shape === undefined) return info
    const dim = [{ dimValue: batch }, ...shape.dim.slice(1)]
    return { ...info, type: { ...info.type, tensorType: { ...info.type!.tensorType!, shape: { dim } } } }
  })
  return { ...proto, graph: { ...proto.graph, input } }
}
