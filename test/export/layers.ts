// Random layers, extremes included.

import fc from 'fast-check'
import type { IntTensor, Requantize, ScaleFix } from '../../src/fixedpoint/types.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { makeNode } from '../../src/onnx/node.js'
import type { FixedAdd, FixedMul } from '../../src/operators/binary/solve.js'
import type { FixedConcat } from '../../src/operators/concat/solve.js'
import type { FixedConv } from '../../src/operators/conv/solve.js'
import type { FixedLinear } from '../../src/operators/linear/solve.js'
import type { FixedLut } from '../../src/operators/lut/solve.js'
import type { FixedAveragePool, FixedMaxPool } from '../../src/operators/pool/solve.js'
import type { FixedOperator } from '../../src/operators/types.js'
import { sizeOf } from './oneLayer.js'

export interface Layer {
  readonly operator: FixedOperator
  readonly inputs: readonly IntTensor[]
  /** Of the output. */
  readonly bits: number
}

const int8 = { min: -128, max: 127 }
const int16 = { min: -32768, max: 32767 }

/** Random integers, all the same extreme, small ones (which make exact halves), or powers of two. */
function integers(length: number, { min, max }: { min: number; max: number }): fc.Arbitrary<number[]> {
  const list = (value: fc.Arbitrary<number>) => fc.array(value, { minLength: length, maxLength: length })
  const powers = Array.from({ length: 16 }, (_, power) => 2 ** power).flatMap((power) => [power, -power])
  return fc.oneof(
    list(fc.integer({ min, max })),
    fc.constantFrom(min, max).map((value) => Array<number>(length).fill(value)),
    list(fc.constantFrom(min, max, 0)),
    list(fc.integer({ min: -2, max: 2 })),
    list(fc.constantFrom(...powers.filter((value) => value >= min && value <= max))),
  )
}

export function tensor(dims: readonly number[]): fc.Arbitrary<IntTensor> {
  return integers(sizeOf(dims), int8).map((values) => ({ dims, data: Int32Array.from(values) }))
}

const shift = fc.oneof(fc.integer({ min: 0, max: 31 }), fc.constantFrom(0, 1, 31))

interface Bounds {
  readonly bits: number
  readonly low: number
  readonly high: number
}

const bounds: fc.Arbitrary<Bounds> = fc.constantFrom(
  { bits: 8, low: -128, high: 127 },
  { bits: 8, low: 0, high: 127 },
  { bits: 8, low: 0, high: 40 },
  { bits: 8, low: -20, high: 60 },
  { bits: 8, low: 5, high: 90 },
  { bits: 8, low: 0, high: 0 },
  { bits: 16, low: -32768, high: 32767 },
  { bits: 16, low: 0, high: 32767 },
)

/** Half of the time shifts that bring `reach` into the output's range, so that results are not all clipped. */
function scaleFix(channels: number, reach: number): fc.Arbitrary<{ fix: ScaleFix; bits: number }> {
  return fc
    .record({
      limits: bounds,
      free: fc.tuple(shift, shift, shift),
      fitting: fc.boolean(),
      q0: fc.integer({ min: 0, max: 12 }),
      q2: fc.integer({ min: 0, max: 12 }),
      slack: fc.integer({ min: -3, max: 3 }),
      scaleInt16: integers(channels, int16),
      biasInt16: integers(channels, int16),
    })
    .map(({ limits, free, fitting, q0, q2, slack, scaleInt16, biasInt16 }) => {
      const largest = Math.max(1, ...scaleInt16.map(Math.abs))
      const total = Math.ceil(Math.log2(Math.max(1, (reach * largest) / limits.high || 1))) + slack
      const q1 = Math.min(31, Math.max(0, total - q0 - q2))
      const [a, b, c] = fitting ? [q0, q1, q2] : free
      const { bits, low, high } = limits
      const tables = { scaleInt16: Int16Array.from(scaleInt16), biasInt16: Int16Array.from(biasInt16) }
      return { fix: { q0: a, q1: b, q2: c, ...tables, low, high }, bits }
    })
}

/** What |sum| can reach over rows of weights with int8 inputs. */
export function reachOf(weights: readonly number[], rows: number): number {
  const length = weights.length / rows
  const sums = Array.from({ length: rows }, (_, row) =>
    weights.slice(row * length, (row + 1) * length).reduce((sum, weight) => sum + Math.abs(weight), 0),
  )
  return Math.max(...sums) * 128
}

interface ConvShape {
  readonly batch: number
  readonly group: number
  readonly inputs: number
  readonly outputs: number
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
  readonly space: readonly number[]
}

const list = (size: number, min: number, max: number) =>
  fc.array(fc.integer({ min, max }), { minLength: size, maxLength: size })

/** Groups from one to depthwise, one or two spatial axes, windows that fit. */
const convShape: fc.Arbitrary<ConvShape> = fc.integer({ min: 1, max: 2 }).chain((rank) =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 2 }),
      group: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 3 }),
      outputs: fc.integer({ min: 1, max: 3 }),
      kernel: list(rank, 1, 3),
      strides: list(rank, 1, 2),
      dilations: list(rank, 1, 2),
      pads: list(2 * rank, 0, 2),
      room: list(rank, 0, 5),
    })
    .map(({ room, ...shape }) => {
      const space = room.map((extra, axis) => {
        const window = shape.dilations[axis]! * (shape.kernel[axis]! - 1) + 1
        return Math.max(1, window - shape.pads[axis]! - shape.pads[rank + axis]!) + extra
      })
      return { ...shape, space }
    }),
)

/** So many taps that sums come near 2^24 (1024 products of -128 by -128) and pass it. */
const deepShape: fc.Arbitrary<ConvShape> = fc.integer({ min: 1000, max: 1100 }).map((inputs) => {
  const point = { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }
  return { batch: 1, group: 1, inputs, outputs: 2, space: [1, 2], ...point }
})

function convOf(shape: ConvShape): fc.Arbitrary<Layer> {
  const { batch, group, inputs, outputs, kernel, space, ...geometry } = shape
  const dims = [group * outputs, inputs, ...kernel]
  return fc.tuple(integers(sizeOf(dims), int8), tensor([batch, group * inputs, ...space])).chain(([weights, input]) => {
    const accumulatorBound = reachOf(weights, dims[0]!)
    return scaleFix(dims[0]!, accumulatorBound).map(({ fix, bits }) => {
      const operator: FixedConv = {
        ...{ kind: 'conv', name: 'conv', nodes: [], inputs: ['x'], outputs: ['y'] },
        ...geometry,
        weights: { dims, data: Int8Array.from(weights) },
        weightScales: new Float64Array(dims[0]!).fill(1),
        group,
        scaleFix: fix,
        accumulatorBound,
      }
      return { operator, inputs: [input], bits }
    })
  })
}

export const conv: fc.Arbitrary<Layer> = convShape.chain(convOf)
export const deepConv: fc.Arbitrary<Layer> = deepShape.chain(convOf)

function matmulOf(depth: number, columns: number, rows: readonly number[]): fc.Arbitrary<Layer> {
  return fc.tuple(integers(depth * columns, int8), tensor([...rows, depth])).chain(([weights, input]) => {
    const transposed = weights.map((_, at) => weights[(at % depth) * columns + Math.floor(at / depth)]!)
    const accumulatorBound = reachOf(transposed, columns)
    return scaleFix(columns, accumulatorBound).map(({ fix, bits }) => {
      const operator: FixedLinear = {
        ...{ kind: 'matmul', name: 'matmul', nodes: [], inputs: ['x'], outputs: ['y'] },
        weights: { dims: [depth, columns], data: Int8Array.from(weights) },
        weightScales: new Float64Array(columns).fill(1),
        scaleFix: fix,
        accumulatorBound,
      }
      return { operator, inputs: [input], bits }
    })
  })
}

const rows = fc.oneof(list(1, 1, 3), list(2, 1, 3), list(3, 1, 2))
export const matmul: fc.Arbitrary<Layer> = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1000, max: 1100 })),
    fc.integer({ min: 1, max: 4 }),
    rows,
  )
  .chain(([depth, columns, dims]) => matmulOf(depth, columns, dims))

const requantize: fc.Arbitrary<Requantize> = fc.record({
  multiplier: fc.oneof(fc.integer({ min: -32767, max: 32767 }), fc.constantFrom(-32767, 0, 1, 16384, 32767)),
  shift,
})

/** Two shapes that broadcast. */
const pair: fc.Arbitrary<[IntTensor, IntTensor]> = fc
  .constantFrom<[number[], number[]]>(
    [
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ],
    [
      [1, 3, 4, 5],
      [1, 3, 1, 1],
    ],
    [
      [2, 1, 4],
      [3, 1],
    ],
    [[], [7]],
  )
  .chain(([left, right]) => fc.tuple(tensor(left), tensor(right)))

export const add: fc.Arbitrary<Layer> = fc
  .tuple(pair, requantize, requantize, shift, bounds)
  .map(([inputs, first, second, q2, { bits, low, high }]) => {
    const operator: FixedAdd = {
      ...{ kind: 'add', name: 'add', nodes: [], inputs: ['a', 'b'], outputs: ['y'] },
      ...{ requantize: [first, second], q2, low, high },
    }
    return { operator, inputs, bits }
  })

export const mul: fc.Arbitrary<Layer> = fc.tuple(pair, requantize, bounds).map(([inputs, by, { bits, low, high }]) => {
  const operator: FixedMul = {
    ...{ kind: 'mul', name: 'mul', nodes: [], inputs: ['a', 'b'], outputs: ['y'] },
    ...{ requantize: by, low, high },
  }
  return { operator, inputs, bits }
})

export const concat: fc.Arbitrary<Layer> = fc
  .tuple(
    fc.tuple(tensor([2, 1, 3]), tensor([2, 4, 3]), tensor([2, 2, 3])),
    fc.tuple(fc.option(requantize, { nil: undefined }), fc.option(requantize, { nil: undefined }), requantize),
    fc.constantFrom(1, -2),
  )
  .map(([inputs, by, axis]) => {
    const operator: FixedConcat = {
      ...{ kind: 'concat', name: 'concat', nodes: [], inputs: ['a', 'b', 'c'], outputs: ['y'] },
      ...{ axis, requantize: by },
    }
    return { operator, inputs, bits: 8 }
  })

export const table: fc.Arbitrary<Layer> = fc
  .tuple(integers(256, int16), fc.constantFrom([2, 3, 4, 5], [7], []).chain(tensor))
  .map(([entries, input]) => {
    const operator: FixedLut = {
      ...{ kind: 'unary', name: 'table', nodes: [], inputs: ['x'], outputs: ['y'], label: 'any' },
      table: Int16Array.from(entries),
    }
    return { operator, inputs: [input], bits: 16 }
  })

const window = fc
  .record({ kernel: list(2, 1, 3), strides: list(2, 1, 2), room: list(2, 0, 4), padded: fc.boolean() })
  .map(({ padded, ...rest }) => ({ ...rest, pads: rest.kernel.concat(rest.kernel).map((k) => (padded ? k - 1 : 0)) }))

export const maxPool: fc.Arbitrary<Layer> = window.chain(({ kernel, strides, room, pads }) => {
  const space = kernel.map((size, axis) => size + room[axis]!)
  const attributes = [
    makeAttribute('kernel_shape', kernel),
    makeAttribute('strides', strides),
    makeAttribute('pads', pads),
  ]
  const operator: FixedMaxPool = {
    ...{ kind: 'maxpool', name: 'maxpool', inputs: ['x'], outputs: ['y'] },
    nodes: [makeNode('MaxPool', ['x'], ['y'], attributes, 'maxpool')],
  }
  return tensor([1, 2, ...space]).map((input) => ({ operator, inputs: [input], bits: 8 }))
})

export const averagePool: fc.Arbitrary<Layer> = fc
  .tuple(window, fc.boolean(), requantize)
  .chain(([{ kernel, strides, room, pads }, global, by]) => {
    const space = global ? kernel : kernel.map((size, axis) => size + room[axis]!)
    const geometry = global ? { strides: [1, 1], pads: [0, 0, 0, 0] } : { strides, pads }
    const operator: FixedAveragePool = {
      ...{ kind: 'averagepool', name: 'averagepool', nodes: [], inputs: ['x'], outputs: ['y'] },
      ...{ kernelShape: kernel, channels: 3, global, requantize: by },
      ...geometry,
    }
    return tensor([2, 3, ...space]).map((input) => ({ operator, inputs: [input], bits: 8 }))
  })
