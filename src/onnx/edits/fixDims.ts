// Gives a model's inputs static dims; dims of the same name elsewhere follow.

import { own } from '../../own.js'
import { makeValueInfo } from '../node.js'
import type { ModelProto } from '../types.js'

/** Inputs of these dims, and outputs with the names of dimensions replaced by what the inputs make them. */
export function fixDims(
  { graph, ...proto }: ModelProto,
  dimsOf: Readonly<Record<string, readonly number[] | undefined>>,
): ModelProto {
  const sizes = new Map<string, number>()
  for (const { name, type } of graph.input) {
    for (const [axis, { dimParam }] of (type?.tensorType?.shape?.dim ?? []).entries()) {
      const size = dimsOf[name]?.[axis]
      if (dimParam && size !== undefined) sizes.set(dimParam, size)
    }
  }
  const input = graph.input.map((info) => {
    const dims = own(dimsOf, info.name)
    return dims === undefined ? info : { ...info, ...makeValueInfo(info.name, info.type!.tensorType!.elemType, dims) }
  })
  const output = graph.output.map((info) => {
    const tensorType = info.type?.tensorType
    if (tensorType?.shape === undefined) return info
    const dim = tensorType.shape.dim.map((one) => {
      const size = one.dimParam === undefined ? undefined : sizes.get(one.dimParam)
      return size === undefined ? one : { dimValue: size }
    })
    return { ...info, type: { ...info.type, tensorType: { ...tensorType, shape: { dim } } } }
  })
  return { ...proto, graph: { ...graph, input, output } }
}
