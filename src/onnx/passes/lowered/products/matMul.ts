// MatMul in all its forms becomes the product of a tensor with a constant matrix, or of two tensors of matrices.
//
//     a vector                  a matrix of one row or one column, and back
//     constant x                (x' constant')'
//     x constants, a batch      of x and W [b, K, N] with equal batches: a Conv of b groups; of an x without a batch: one matrix [K, b N]

import { makeAttribute } from '../../../attribute.js'
import { elementCount, floatValues, tensorDims } from '../../../tensor.js'
import type { NodeProto } from '../../../types.js'
import { floatConstant } from '../../folding/linear.js'
import { lowering, type NodeWriter } from '../../lowering.js'

type Dims = readonly number[]

export const lowerMatMul = lowering('MatMul nodes given their plain form', ['MatMul'], (writer, node) => {
  const [left, right] = node.input as [string, string]
  const [a, b] = [writer.dims(left), writer.dims(right)]
  if (a === undefined || b === undefined || !writer.isFloat(left) || !writer.isFloat(right)) return undefined
  if (a.length === 0 || b.length === 0 || [...a, ...b].includes(0)) return undefined
  if (a.length === 1 || b.length === 1) return ofVectors(writer, node, a, b)
  if (writer.isConstant(left) && !writer.isConstant(right)) {
    return swapped(
      writer,
      writer.add('MatMul', [swapped(writer, right, b.length), swapped(writer, left, a.length)]),
      Math.max(a.length, b.length),
    )
  }
  return b.length > 2 && !writer.isConstant(left) ? byBatch(writer, node, a, b) : undefined
})

/** With its last two axes exchanged. */
function swapped(writer: NodeWriter, x: string, rank: number): string {
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  return writer.transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2])
}

function ofVectors(writer: NodeWriter, { input }: NodeProto, a: Dims, b: Dims): string {
  const [left, right] = input as [string, string]
  const rows = a.length === 1 ? writer.reshape(left, [1, ...a]) : left
  const columns = b.length === 1 ? writer.reshape(right, [...b, 1]) : right
  const batch = a.length === 1 ? b.slice(0, -2) : a.slice(0, -2)
  const dims = [...batch, ...(a.length === 1 ? [] : [a.at(-2)!]), ...(b.length === 1 ? [] : [b.at(-1)!])]
  return writer.reshape(writer.add('MatMul', [rows, columns]), dims)
}

/** Of a constant with a batch. */
function byBatch(writer: NodeWriter, { input }: NodeProto, a: Dims, b: Dims): string | undefined {
  const [x, name] = input as [string, string]
  const constant = floatConstant(name, writer.index)
  if (constant === undefined) return undefined
  const rank = Math.max(a.length, b.length)
  const [of, batch] = [a, tensorDims(constant)].map((dims) => [
    ...Array<number>(rank - dims.length).fill(1),
    ...dims.slice(0, -2),
  ]) as [number[], number[]]
  const weights = { dims: b.slice(-2) as [number, number], data: floatValues(constant) }
  const first = batch.findIndex((size) => size !== 1)
  const matrices = first < 0 ? [] : batch.slice(first)
  const own = of.slice(of.length - matrices.length)
  const outside = of.slice(0, of.length - matrices.length)
  if (own.every((size) => size === 1)) return byOneMatrix(writer, x, { outside, matrices, rows: a.at(-2)!, ...weights })
  if (String(own) !== String(matrices)) return undefined
  return byGroups(writer, x, { outside, matrices, rows: a.at(-2)!, ...weights })
}

interface Batch {
  /** Of x alone. */
  readonly outside: Dims
  /** How many constant matrices there are, axis by axis. */
  readonly matrices: Dims
  readonly rows: number
  /** [K, N] of each. */
  readonly dims: readonly [number, number]
  readonly data: Float32Array
}

/** The matrices side by side: [K, b N]. */
function byOneMatrix(writer: NodeWriter, x: string, { outside, matrices, rows, dims, data }: Batch): string {
  const [depth, columns] = dims
  const count = elementCount(matrices)
  const width = count * columns
  const wide = Float32Array.from({ length: depth * width }, (_, at) => {
    const [row, column] = [Math.floor(at / width), at % width]
    return data[(Math.floor(column / columns) * depth + row) * columns + (column % columns)]!
  })
  const sums = writer.add('MatMul', [writer.reshape(x, [...outside, rows, depth]), writer.floats([depth, width], wide)])
  if (count === 1) return writer.reshape(sums, [...outside, ...matrices.map(() => 1), rows, columns])
  const apart = writer.reshape(sums, [merged(outside), rows, count, columns])
  return writer.reshape(writer.transpose(apart, [0, 2, 1, 3]), [...outside, ...matrices, rows, columns])
}

/** A Conv of one axis, the rows, whose groups are the matrices: x [L, b K, rows], weights [b N, K, 1]. */
function byGroups(writer: NodeWriter, x: string, { outside, matrices, rows, dims, data }: Batch): string {
  const [depth, columns] = dims
  const [many, groups] = [merged(outside), elementCount(matrices)]
  const channels = writer.transpose(writer.reshape(x, [many, groups, rows, depth]), [0, 1, 3, 2])
  const kernels = Float32Array.from({ length: data.length }, (_, at) => {
    const [matrix, rest] = [Math.floor(at / (depth * columns)), at % (depth * columns)]
    return data[(matrix * depth + (rest % depth)) * columns + Math.floor(rest / depth)]!
  })
  const sums = writer.add(
    'Conv',
    [writer.reshape(channels, [many, groups * depth, rows]), writer.floats([groups * columns, depth, 1], kernels)],
    [makeAttribute('group', groups), makeAttribute('kernel_shape', [1])],
  )
  const apart = writer.transpose(writer.reshape(sums, [many, groups, columns, rows]), [0, 1, 3, 2])
  return writer.reshape(apart, [...outside, ...matrices, rows, columns])
}

/** As a Reshape takes it: -1 where one of them is open. */
function merged(dims: Dims): number {
  return dims.includes(-1) ? -1 : elementCount(dims)
}
