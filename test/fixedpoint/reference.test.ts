import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { IntTensor, ScaleFix } from '../../src/fixedpoint/types.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { DataType, type NodeProto } from '../../src/onnx/types.js'
import type { FixedAdd, FixedMul } from '../../src/operators/binary/solve.js'
import type { FixedConcat } from '../../src/operators/concat/solve.js'
import type { FixedConv } from '../../src/operators/conv/solve.js'
import type { FixedLinear } from '../../src/operators/linear/solve.js'
import type { FixedLut } from '../../src/operators/lut/solve.js'
import type { FixedAveragePool } from '../../src/operators/pool/solve.js'
import type { FixedOperator } from '../../src/operators/types.js'
import { dequantize, quantizeInput } from '../../src/oracle/boundary.js'
import { runReference } from '../operators/oracle.js'
import { chip, tensor, tensors } from './fixtures.js'

const context = {
  chip,
  quantized: new Map([
    ['x', { name: 'x', scale: 1, bits: 8 }],
    ['y', { name: 'y', scale: 1, bits: 8 }],
    ['wide', { name: 'wide', scale: 1, bits: 16 }],
  ]),
}

const run = (operator: FixedOperator, ...inputs: IntTensor[]) => runReference(operator, inputs, context)[0]!

/** The float runtime on integer values: exact as long as sums stay below 2^24. */
async function runFloat(node: NodeProto, inputs: readonly IntTensor[]): Promise<IntTensor> {
  const infos = inputs.map(({ dims }, index) => makeValueInfo(node.input[index]!, DataType.FLOAT, dims))
  const output = makeValueInfo(
    'y',
    DataType.FLOAT,
    inputs[0]!.dims.map(() => ''),
  )
  const graph = makeGraph({ nodes: [node], inputs: infos, outputs: [output] })
  const session = await createSession(encodeModel(makeModel(graph, 17)))
  const feeds = Object.fromEntries(
    inputs.map(({ dims, data }, index) => [
      node.input[index]!,
      { type: 'float32' as const, dims, data: Float32Array.from(data) },
    ]),
  )
  const { dims, data } = (await session.run(feeds)).y!
  await session.release()
  return { dims, data: Int32Array.from(data as Float32Array) }
}

/** A scaleFix that only clips to 16 bits. */
const plain = (channels: number): ScaleFix => ({
  q0: 0,
  q1: 0,
  q2: 0,
  scaleInt16: new Int16Array(channels).fill(1),
  biasInt16: new Int16Array(channels),
  low: -32768,
  high: 32767,
})

const geometries = fc
  .record({
    rank: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 2 }),
    each: fc.integer({ min: 1, max: 2 }),
  })
  .chain(({ rank, group, each }) => {
    const list = (min: number, max: number, length = rank) =>
      fc.array(fc.integer({ min, max }), { minLength: length, maxLength: length })
    return fc.record({
      group: fc.constant(group),
      each: fc.constant(each),
      kernel: list(1, 3),
      strides: list(1, 2),
      dilations: list(1, 2),
      pads: list(0, 2, 2 * rank),
      space: list(5, 6),
    })
  })

describe('convolution', () => {
  it('sums what a float runtime sums, for any rank, group, stride, dilation and padding', async () => {
    const cases = geometries.chain((geometry) => {
      const { group, each, kernel, space } = geometry
      const input = tensors([2, group * each, ...space], 5)
      return fc.tuple(fc.constant(geometry), input, tensors([group * 2, each, ...kernel], 5))
    })
    await fc.assert(
      fc.asyncProperty(cases, async ([{ group, strides, dilations, pads }, input, weights]) => {
        const attributes = [
          makeAttribute('group', group),
          makeAttribute('strides', strides),
          makeAttribute('dilations', dilations),
          makeAttribute('pads', pads),
        ]
        const node = makeNode('Conv', ['x', 'w'], ['y'], attributes)
        const operator: FixedConv = {
          kind: 'conv',
          name: 'conv',
          nodes: [node],
          inputs: ['x'],
          outputs: ['y'],
          weights: { dims: weights.dims, data: Int8Array.from(weights.data) },
          weightScales: new Float64Array(),
          group,
          strides,
          dilations,
          pads,
          scaleFix: plain(group * 2),
          accumulatorBound: 0,
        }
        expect(run(operator, input)).toEqual(await runFloat(node, [input, weights]))
      }),
      { numRuns: 40 },
    )
  })

  it('scales, shifts and clips in the order of the chip', () => {
    const scaleFix = {
      ...plain(2),
      q0: 1,
      q1: 2,
      q2: 1,
      scaleInt16: Int16Array.of(3, 9000),
      biasInt16: Int16Array.of(5, 0),
      low: 0,
      high: 127,
    }
    const operator: FixedConv = {
      kind: 'conv',
      name: 'conv',
      nodes: [],
      inputs: ['x'],
      outputs: ['y'],
      weights: { dims: [2, 1, 1], data: Int8Array.of(1, 1) },
      weightScales: new Float64Array(),
      group: 1,
      strides: [1],
      dilations: [1],
      pads: [0, 0],
      scaleFix,
      accumulatorBound: 0,
    }
    // 7: rshift(7, 1) = 4; rshift(12, 2) + 5 = 8; rshift(8, 1) = 4. -100: -50; -38 + 5 = -33; -17, clipped to 0.
    expect([...run(operator, tensor([1, 1, 2], [7, -100])).data]).toEqual([4, 0, 127, 0])
  })
})

it('an accumulator that leaves 32 bits is an error', () => {
  const operator: FixedLinear = {
    kind: 'matmul',
    name: 'matmul',
    nodes: [],
    inputs: ['x'],
    outputs: ['y'],
    weights: { dims: [2, 1], data: Int8Array.of(127, 127) },
    weightScales: new Float64Array(),
    scaleFix: plain(1),
    accumulatorBound: 0,
  }
  expect(() => run(operator, tensor([1, 2], [2 ** 30, 2 ** 30]))).toThrow('which does not fit 32 bits')
})

it('a product multiplies the last axis and keeps the others', () => {
  const operator: FixedLinear = {
    kind: 'matmul',
    name: 'matmul',
    nodes: [],
    inputs: ['x'],
    outputs: ['y'],
    weights: { dims: [2, 3], data: Int8Array.of(1, 2, 3, 4, 5, 6) },
    weightScales: new Float64Array(),
    scaleFix: plain(3),
    accumulatorBound: 0,
  }
  const output = run(operator, tensor([2, 1, 2], [1, 10, -1, 0]))
  expect(output).toEqual(tensor([2, 1, 3], [41, 52, 63, -1, -2, -3]))
})

describe('pooling', () => {
  it('takes the maxima a float runtime takes, for any attributes', async () => {
    const cases = geometries
      .chain((geometry) =>
        fc.record({
          geometry: fc.constant(geometry),
          ceil: fc.integer({ min: 0, max: 1 }),
          autoPad: fc.constantFrom('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
          input: tensors([1, 2, ...geometry.space]),
        }),
      )
      // With auto_pad the runtime refuses dilations, and steps beyond the window.
      .filter(({ geometry: { dilations, strides, kernel }, autoPad }) => {
        const dense = dilations.every((dilation, axis) => dilation === 1 && strides[axis]! <= kernel[axis]!)
        return autoPad === 'NOTSET' || dense
      })
    await fc.assert(
      fc.asyncProperty(cases, async ({ geometry, ceil, autoPad, input }) => {
        const { kernel, strides, dilations } = geometry
        // The runtime refuses padding as large as the window.
        const pads = geometry.pads.map((pad, at) => Math.min(pad, kernel[at % kernel.length]! - 1))
        const attributes = [
          makeAttribute('kernel_shape', kernel),
          makeAttribute('strides', strides),
          makeAttribute('dilations', dilations),
          autoPad === 'NOTSET' ? makeAttribute('pads', pads) : makeAttribute('auto_pad', autoPad),
          ...(autoPad === 'NOTSET' ? [makeAttribute('ceil_mode', ceil)] : []),
        ]
        const node = makeNode('MaxPool', ['x'], ['y'], attributes)
        const operator: FixedOperator = { kind: 'maxpool', name: 'pool', nodes: [node], inputs: ['x'], outputs: ['y'] }
        expect(run(operator, input)).toEqual(await runFloat(node, [input]))
      }),
      { numRuns: 60 },
    )
  })

  it('averages with padding as zeros', () => {
    const operator: FixedAveragePool = {
      kind: 'averagepool',
      name: 'pool',
      nodes: [],
      inputs: ['x'],
      outputs: ['y'],
      kernelShape: [2],
      strides: [1],
      dilations: [1],
      pads: [1, 0],
      channels: 1,
      multiplier: { dims: [], data: Int16Array.of(1) },
      shift: 1,
    }
    expect(run(operator, tensor([1, 1, 3], [5, 6, -20]))).toEqual(tensor([1, 1, 3], [3, 6, -7]))
  })
})

describe('elementwise', () => {
  it('a table is indexed from -128', () => {
    const table = Int16Array.from({ length: 256 }, (_, index) => 2 * index)
    const operator: FixedLut = {
      kind: 'lut',
      name: 't',
      nodes: [],
      inputs: ['x'],
      outputs: ['y'],
      table,
      label: 'Twice',
      spacing: undefined,
      fractionBits: 0,
      zero: 0,
    }
    expect([...run(operator, tensor([3], [-128, 0, 127])).data]).toEqual([0, 256, 510])
  })

  it('addition and product broadcast as numpy does', () => {
    const bounds = { low: -128, high: 127 }
    const one = { multiplier: 1, shift: 0 }
    const names = { nodes: [], inputs: ['a', 'b'], outputs: ['y'] } as const
    const sum: FixedAdd = {
      kind: 'add',
      name: 'add',
      ...names,
      requantize: [one, { multiplier: -2, shift: 1 }],
      q2: 0,
      ...bounds,
    }
    const times: FixedMul = {
      kind: 'mul',
      name: 'mul',
      ...names,
      requantize: { multiplier: 1, shift: 1 },
      ...bounds,
    }
    const left = tensor([2, 1, 2], [1, 2, 100, -100])
    const right = tensor([3, 1], [10, -1, 50])
    expect(run(sum, left, right)).toEqual(tensor([2, 3, 2], [-9, -8, 2, 3, -49, -48, 90, -110, 101, -99, 50, -128]))
    expect(run(times, left, right)).toEqual(tensor([2, 3, 2], [5, 10, -1, -1, 25, 50, 127, -128, -50, 50, 127, -128]))
  })

  it('concatenation requantizes and clips the inputs that need it', () => {
    const operator: FixedConcat = {
      kind: 'concat',
      name: 'c',
      nodes: [],
      inputs: ['a', 'b'],
      outputs: ['y'],
      axis: -2,
      parts: [{ requantize: undefined }, { requantize: { multiplier: 3, shift: 0 } }],
    }
    const joined = run(operator, tensor([2, 1, 2], [1, 2, 3, 4]), tensor([2, 2, 2], [5, 6, 7, 8, 50, -50, 1, 2]))
    expect(joined).toEqual(tensor([2, 3, 2], [1, 2, 15, 18, 21, 24, 3, 4, 127, -128, 3, 6]))
  })
})

it('movements and what runs in float have no arithmetic', () => {
  const operator: FixedOperator = { kind: 'movement', name: 's', nodes: [], inputs: ['x'], outputs: ['y'] }
  expect(() => run(operator, tensor([1], [0]))).toThrow('s is a movement operator: it has no integer arithmetic.')
})

it('quantizing rounds half away from zero and saturates, dequantizing is one float32 product', () => {
  const x = { name: 'x', scale: 0.5, bits: 8 }
  const q = quantizeInput(Float32Array.of(0.25, -0.25, 1e9, -1e9, 0.2), [5], x)
  expect([...q.data]).toEqual([1, -1, 127, -128, 0])
  expect([...dequantize(q, { ...x, scale: Math.fround(0.1) })].slice(0, 3)).toEqual([0.1, -0.1, 12.7].map(Math.fround))
})
