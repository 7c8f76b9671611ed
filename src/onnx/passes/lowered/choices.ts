// Small composites: each becomes a few operators that say the same.

import { intAttribute, makeAttribute } from '../../attribute.js'
import { tensorData } from '../../tensor.js'
import { DataType } from '../../types.js'
import { lowering } from '../lowering.js'

/** x and slope * x where x is negative: Relu(x) + slope * Min(x, 0). */
export const lowerPrelu = lowering('PRelu nodes with computed slopes written out', ['PRelu'], (writer, node) => {
  const [x, slope] = node.input as [string, string]
  if (writer.isConstant(slope) || !writer.isFloat(x) || !writer.isFloat(slope)) return undefined
  const below = writer.add('Min', [x, writer.floats([], Float32Array.of(0))])
  return writer.add('Add', [writer.add('Relu', [x]), writer.add('Mul', [slope, below])])
})

/** Between bounds of which one is computed. */
export const lowerClip = lowering('Clip nodes with computed bounds written out', ['Clip'], (writer, node) => {
  const [x = '', low = '', high = ''] = node.input
  if (![low, high].some((name) => name !== '' && !writer.isConstant(name)) || !writer.isFloat(x)) return undefined
  const raised = low === '' ? x : writer.add('Max', [x, low])
  return high === '' ? raised : writer.add('Min', [raised, high])
})

/** What a constant condition picks along an axis, or of all values one after the other. */
export const lowerCompress = lowering('constant choices of slices made gathers', ['Compress'], (writer, node) => {
  const [x, name] = node.input as [string, string]
  const condition = writer.index.initializer(name)
  const rank = writer.openDims(x)?.length ?? 0
  const axis = node.attribute.some((one) => one.name === 'axis') ? intAttribute(node, 'axis', 0) : undefined
  if (condition === undefined || rank === 0) return undefined
  const places = [...tensorData(condition)].flatMap((holds, place) => (Number(holds) === 0 ? [] : [place]))
  if (places.length === 0) return undefined
  const slices = axis === undefined && rank > 1 ? writer.reshape(x, [-1]) : x
  return writer.gather(slices, places, [places.length], axis ?? 0)
})

/** One at the largest value of each row, the first of equal ones. */
export const lowerHardmax = lowering('Hardmax nodes made a choice of places', ['Hardmax'], (writer, node) => {
  const [x] = node.input as [string]
  const dims = writer.dims(x)
  // Before opset 13 a row runs over all axes behind the first.
  if (dims === undefined || dims.length === 0 || writer.opset < 13) return undefined
  const axis = (intAttribute(node, 'axis', -1) + dims.length) % dims.length
  if (dims[axis]! < 1) return undefined
  const place = writer.add('ArgMax', [x], [makeAttribute('axis', axis), makeAttribute('keepdims', 0)])
  const values = writer.floats([2], Float32Array.of(0, 1))
  return writer.add('OneHot', [place, writer.integers([dims[axis]!], []), values], [makeAttribute('axis', axis)])
})

/** A cast to a type that is float32 already. */
export const lowerCastLike = lowering('casts to the same type removed', ['CastLike'], (writer, node) => {
  const [x, like] = node.input as [string, string]
  return writer.isFloat(x) && writer.isFloat(like) ? x : undefined
})

/** The grid of theta, [N, 2 or 3, 3 or 4], for a constant size: the places of its points, times theta transposed. */
export const lowerAffineGrid = lowering('AffineGrid nodes made products', ['AffineGrid'], (writer, node) => {
  const [theta, sizeName] = node.input as [string, string]
  const given = writer.index.initializer(sizeName)
  if (given === undefined || given.dataType !== DataType.INT64) return undefined
  const [batch, , ...space] = Array.from(tensorData(given), Number) as [number, number, ...number[]]
  const aligned = intAttribute(node, 'align_corners', 0) === 1
  const rank = space.length
  const count = space.reduce((product, size) => product * size, 1)
  const points = Float32Array.from({ length: count * (rank + 1) }, (_, at) => {
    const [point, column] = [Math.floor(at / (rank + 1)), at % (rank + 1)]
    if (column === rank) return 1
    // The columns are x, y, z: the last axis first.
    const axis = rank - 1 - column
    const behind = space.slice(axis + 1).reduce((product, size) => product * size, 1)
    const place = Math.floor(point / behind) % space[axis]!
    if (!aligned) return (2 * place + 1) / space[axis]! - 1
    return space[axis] === 1 ? 0 : (2 * place) / (space[axis]! - 1) - 1
  })
  const columns = writer.transpose(theta, [0, 2, 1])
  return writer.reshape(writer.add('MatMul', [writer.floats([count, rank + 1], points), columns]), [
    batch,
    ...space,
    rank,
  ])
})
