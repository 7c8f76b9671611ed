// What composites are lowered to computes what the runtime computes of them, in more forms than docs/operators.md names.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAttribute as a } from '../../../../src/onnx/attribute.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { lowerAffineGrid, lowerCompress } from '../../../../src/onnx/passes/lowered/choices.js'
import { lowerPow } from '../../../../src/onnx/passes/lowered/power.js'
import { lowerDft, lowerStft } from '../../../../src/onnx/passes/lowered/products/fourier.js'
import { lowerGemm } from '../../../../src/onnx/passes/lowered/products/gemm.js'
import { lowerMatMul } from '../../../../src/onnx/passes/lowered/products/matMul.js'
import { lowerConcatFromSequence, lowerSequenceAt } from '../../../../src/onnx/passes/lowered/sequences.js'
import { lowerCumSum, lowerReduceLogSum } from '../../../../src/onnx/passes/lowered/sums.js'
import { lowerCol2Im } from '../../../../src/onnx/passes/lowered/windows/col2Im.js'
import { lowerDynamicConv } from '../../../../src/onnx/passes/lowered/windows/dynamicConv.js'
import { lowerLpPools } from '../../../../src/onnx/passes/lowered/windows/lpPools.js'
import { lowerRoiAlign } from '../../../../src/onnx/passes/lowered/windows/roiAlign.js'
import type { Pass } from '../../../../src/onnx/passes/pass.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import { type AttributeProto, DataType, type ModelProto, type TensorProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

type Dims = readonly number[]

async function expectSame(proto: ModelProto, pass: Pass): Promise<void> {
  const { proto: lowered, count } = await pass.apply(proto)
  expect(count).toBe(1)
  expect(largestDifference(await runModel(proto), await runModel(lowered), 1e-3)).toBeLessThan(1e-5)
}

const dim = fc.integer({ min: 1, max: 4 })

/** Shapes whose products exist: vectors, matrices, and batches of which each axis is the other's, or one on either side. */
const shapes: fc.Arbitrary<readonly [Dims, Dims]> = fc
  .record({
    sizes: fc.tuple(dim, dim, dim),
    batch: fc.array(fc.tuple(dim, fc.constantFrom('both', 'left', 'right')), { maxLength: 3 }),
    skipped: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
    vectors: fc.constantFrom('none', 'left', 'right', 'both'),
  })
  .map(({ sizes: [rows, depth, columns], batch, skipped, vectors }) => {
    const of = (side: string) => batch.map(([size, where]) => (where === 'both' || where === side ? size : 1))
    const left = [...of('left').slice(vectors === 'none' ? skipped[0] : 0), rows, depth]
    const right = [...of('right').slice(vectors === 'none' ? skipped[1] : 0), depth, columns]
    const isLeft = vectors === 'left' || vectors === 'both'
    const isRight = vectors === 'right' || vectors === 'both'
    return [isLeft ? [depth] : left, isRight ? [depth] : right]
  })

describe('with an open batch', () => {
  const rows = (...parts: number[]) => ['batch', ...parts]
  it.each<[string, Pass, Record<string, readonly (number | string)[]>, AttributeProto[], number]>([
    ['MatMul', lowerMatMul, { x: rows(3, 4), v: [4] }, [], 17],
    ['MatMul', lowerMatMul, { v: [3], x: rows(3, 4) }, [], 17],
    ['Conv', lowerDynamicConv, { x: rows(2, 5, 4), w: [4, 2, 3, 2] }, [a('pads', [1, 0, 0, 1])], 17],
    ['DFT', lowerDft, { x: rows(6, 1) }, [], 17],
    ['LpPool', lowerLpPools, { x: rows(2, 5) }, [a('kernel_shape', [2])], 17],
  ])('%s', async (opType, pass, inputs, attributes, opset) => {
    const made = node(opType, Object.keys(inputs), ['y'], attributes, 'one')
    await expectSame(model({ nodes: [made], inputs, opset }), pass)
  })

  it('constant matrices beside it', async () => {
    for (const dims of [rows(3, 2, 4), rows(4)]) {
      const nodes = [node('MatMul', ['x', 'w'], ['y'], [], 'product')]
      await expectSame(model({ nodes, inputs: { x: dims }, constants: [floats('w', [3, 4, 5])] }), lowerMatMul)
    }
  })
})

describe('MatMul', () => {
  it('of any shapes, with a constant on either side or none, gives what the runtime gives', async () => {
    let lowered = 0
    const law = fc.asyncProperty(shapes, fc.constantFrom('left', 'right', 'none'), async ([left, right], fixed) => {
      const sides = { p: left, q: right }
      const constant = fixed === 'left' ? 'p' : fixed === 'right' ? 'q' : undefined
      const proto = model({
        nodes: [node('MatMul', ['p', 'q'], ['y'], [], 'product')],
        constants: constant ? [floats(constant, sides[constant])] : [],
        inputs: Object.fromEntries(Object.entries(sides).filter(([name]) => name !== constant)),
      })
      const result = await lowerMatMul.apply(proto)
      lowered += result.count
      const { model: optimized } = await optimize(asModel(proto))
      const expected = await runModel(proto)
      expect(largestDifference(expected, await runModel(optimized.proto), 1e-3)).toBeLessThan(1e-5)
    })
    await fc.assert(law, { numRuns: 60 })
    expect(lowered).toBeGreaterThan(15)
  })
})

describe('Gemm', () => {
  const attributes = (transA: number, transB: number) => [
    a('alpha', { float: 0.5 }),
    a('beta', { float: -2 }),
    ...[a('transA', transA), a('transB', transB)],
  ]
  const sides = (transA: number, transB: number) => ({ p: transA ? [4, 3] : [3, 4], q: transB ? [5, 4] : [4, 5] })

  it.each([
    [[], 0, 0],
    [[5], 1, 0],
    [[3, 1], 0, 1],
    [[3, 5], 1, 1],
  ] as const)('of two activations with a C of [%s], transA %i, transB %i', async (dims, transA, transB) => {
    const made = node('Gemm', ['p', 'q', 'c'], ['y'], attributes(transA, transB), 'gemm')
    const inputs = sides(transA, transB)
    await expectSame(model({ nodes: [made], inputs, constants: [floats('c', dims)] }), lowerGemm)
    await expectSame(model({ nodes: [made], inputs: { ...inputs, c: dims } }), lowerGemm)
  })

  it('with a transposed left side keeps its constants', async () => {
    const { p, q } = sides(1, 1)
    const made = node('Gemm', ['p', 'q', 'c'], ['y'], attributes(1, 1), 'gemm')
    const proto = model({ nodes: [made], inputs: { p }, constants: [floats('q', q), floats('c', [5])] })
    await expectSame(proto, lowerGemm)
    expect(operators((await lowerGemm.apply(proto)).proto)).toEqual(['Transpose', 'Gemm'])
  })

  it('of a constant keeps a C where the opset has none without', async () => {
    const { p, q } = sides(1, 0)
    const made = node('Gemm', ['p', 'q', 'c'], ['y'], attributes(1, 0), 'gemm')
    await expectSame(
      model({ nodes: [made], inputs: { p, c: [3, 5] }, constants: [floats('q', q)], opset: 9 }),
      lowerGemm,
    )
  })

  it('of rows of which nothing is known keeps its constant row, which other passes would fold back in for ever', async () => {
    const nodes = [
      node('Cast', ['dims'], ['shape'], [a('to', DataType.INT64)], 'cast'),
      node('Reshape', ['x', 'shape'], ['rows'], [], 'reshape'),
      node('Gemm', ['rows', 'w', 'c'], ['y'], [a('transB', 1)], 'gemm'),
    ]
    const constants = [floats('w', [5, 4]), floats('c', [5])]
    const proto = model({ nodes, inputs: { x: [2, 3, 4], dims: ['rank'] }, constants })
    expect((await lowerGemm.apply(proto)).count).toBe(0)
    expect(operators((await optimize(asModel(proto))).model.proto)).toEqual(['Cast', 'Reshape', 'Gemm'])
  })
})

describe('Conv with computed weights', () => {
  it.each([
    [
      'grouped, with a bias',
      [1, 4, 6, 7],
      [6, 2, 3, 2],
      [a('group', 2), a('pads', [1, 0, 2, 1]), a('strides', [2, 1])],
    ],
    ['depthwise, of a batch', [2, 3, 5], [3, 1, 2], [a('group', 3), a('dilations', [2])]],
    ['of a volume, padded alike', [1, 2, 3, 4, 3], [2, 2, 2, 2, 2], [a('auto_pad', 'SAME_LOWER')]],
  ] as const)('%s', async (_, x, w, attributes) => {
    const made = node('Conv', ['x', 'w', 'b'], ['y'], attributes as readonly AttributeProto[], 'conv')
    await expectSame(model({ nodes: [made], inputs: { x, w }, constants: [floats('b', [w[0]])] }), lowerDynamicConv)
    await expectSame(model({ nodes: [made], inputs: { x, w, b: [w[0]] } }), lowerDynamicConv)
  })
})

describe('sequences', () => {
  const at = (place: number) => longs('at', [], [place])
  it.each<[string, TensorProto[], AttributeProto[], number]>([
    ['of one size', [longs('split', [], [2])], [a('axis', 1)], 1],
    ['of one size, the last and shorter', [longs('split', [], [2])], [a('axis', -2)], -1],
    ['of given sizes', [longs('split', [2], [2, 3])], [a('axis', 1)], -1],
    ['of ones', [], [a('axis', 2)], 1],
    ['of ones without their axis', [], [a('axis', 1), a('keepdims', 0)], -2],
  ])('of parts %s', async (_, constants, attributes, place) => {
    const nodes = [
      node('SplitToSequence', constants.length === 0 ? ['x'] : ['x', 'split'], ['s'], attributes, 'split'),
      node('SequenceAt', ['s', 'at'], ['y'], [], 'part'),
    ]
    const proto = model({ nodes, inputs: { x: [2, 5, 3] }, constants: [...constants, at(place)] })
    await expectSame(proto, lowerSequenceAt)
    const { model: optimized } = await optimize(asModel(proto))
    expect(operators(optimized.proto)).not.toContain('SplitToSequence')
  })

  it.each([0, 1])('that are made are joined, along a new axis %i, or give their elements', async (isNew) => {
    const nodes = [
      node('SequenceConstruct', ['x', 'z'], ['s'], [], 'made'),
      node('ConcatFromSequence', ['s'], ['y'], [a('axis', 1), a('new_axis', isNew)], 'joined'),
      node('SequenceAt', ['s', 'at'], ['u'], [], 'part'),
    ]
    const inputs = { x: [2, 3], z: [2, 3] }
    const proto = model({ nodes, inputs, constants: [at(-1)], outputs: ['y', 'u'] })
    await expectSame(proto, lowerConcatFromSequence)
    await expectSame(proto, lowerSequenceAt)
  })
})

describe('others', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 0],
    [-1, 0, 1],
    [2, 1, 1],
  ])('CumSum along %i, exclusive %i, reverse %i', async (axis, exclusive, reverse) => {
    const made = node('CumSum', ['x', 'axis'], ['y'], [a('exclusive', exclusive), a('reverse', reverse)], 'sums')
    const axisOf = (at: number) => [longs('axis', [], [at])]
    await expectSame(model({ nodes: [made], inputs: { x: [2, 5, 3] }, constants: axisOf(axis) }), lowerCumSum)
    await expectSame(model({ nodes: [made], inputs: { x: [7] }, constants: axisOf(0) }), lowerCumSum)
  })

  it.each([11, 13, 18])('ReduceLogSum of opset %i', async (opset) => {
    const nodes = [node('Abs', ['x'], ['p'], [], 'abs'), node('ReduceLogSum', ['p'], ['y'], [a('keepdims', 0)], 'log')]
    await expectSame(model({ nodes, inputs: { x: [2, 3] }, opset }), lowerReduceLogSum)
  })

  it.each([1, 2])('LpPool of order %i', async (order) => {
    const attributes = [a('kernel_shape', [2, 3]), a('p', order), a('strides', [1, 2]), a('pads', [1, 0, 0, 1])]
    const made = node('LpPool', ['x'], ['y'], attributes, 'pool')
    await expectSame(model({ nodes: [made], inputs: { x: [2, 3, 5, 6] } }), lowerLpPools)
  })

  it.each([undefined, 1])('Compress along %s', async (axis) => {
    const which = makeTensor('which', DataType.BOOL, [3], Uint8Array.of(1, 0, 1))
    const made = node('Compress', ['x', 'which'], ['y'], axis === undefined ? [] : [a('axis', axis)], 'some')
    const inputs = { x: axis === undefined ? [3] : [2, 3] }
    await expectSame(model({ nodes: [made], inputs, constants: [which] }), lowerCompress)
  })

  it.each([
    [0, [2, 3, 4, 5]],
    [1, [2, 3, 4, 5]],
    [0, [1, 2, 3, 4, 5]],
    [1, [1, 2, 3, 4, 5]],
  ])('AffineGrid, aligned %i, of [%s]', async (aligned, size) => {
    const rank = size.length - 2
    const made = node('AffineGrid', ['theta', 'size'], ['y'], [a('align_corners', aligned)], 'grid')
    const inputs = { theta: [size[0]!, rank, rank + 1] }
    await expectSame(
      model({ nodes: [made], inputs, constants: [longs('size', [size.length], size)], opset: 20 }),
      lowerAffineGrid,
    )
  })

  it.each([
    [[6, 7], [2, 3], []],
    [
      [7, 8],
      [2, 2],
      [a('strides', [2, 3]), a('pads', [1, 0, 0, 1]), a('dilations', [2, 1])],
    ],
  ] as const)('Col2Im of an image of [%s] and windows of [%s]', async (image, kernel, attributes) => {
    const constants = [longs('image', [2], image), longs('kernel', [2], kernel)]
    const made = node('Col2Im', ['x', 'image', 'kernel'], ['y'], attributes as readonly AttributeProto[], 'image')
    const positions = attributes.length === 0 ? 5 * 5 : 3 * 3
    const inputs = { x: [2, 3 * kernel[0] * kernel[1], positions] }
    await expectSame(model({ nodes: [made], inputs, constants, opset: 18 }), lowerCol2Im)
  })

  it.each([
    [[2, 8, 3, 1], 1, 0, 17],
    [[2, 3, 7, 1], 2, 0, 20],
    [[2, 5, 3, 2], 1, 0, 20],
    [[2, 5, 3, 2], 1, 1, 17],
  ])('DFT of [%s] along %i, inverse %i, opset %i', async (dims, axis, inverse, opset) => {
    const real = dims.at(-1) === 1
    const constants = opset < 20 ? [] : [longs('axis', [], [axis])]
    const attributes = [a('inverse', inverse), a('onesided', real ? 1 : 0), ...(opset < 20 ? [a('axis', axis)] : [])]
    const made = node('DFT', opset < 20 ? ['x'] : ['x', '', 'axis'], ['y'], attributes, 'dft')
    await expectSame(model({ nodes: [made], inputs: { x: dims }, constants, opset }), lowerDft)
  })

  it.each([0, 1])('STFT with a window, onesided %i', async (onesided) => {
    const constants = [longs('step', [], [3]), floats('window', [7]), longs('length', [], [7])]
    const made = node('STFT', ['x', 'step', 'window', 'length'], ['y'], [a('onesided', onesided)], 'stft')
    await expectSame(model({ nodes: [made], inputs: { x: [2, 20, 1] }, constants, opset: 17 }), lowerStft)
  })
})

describe('RoiAlign', () => {
  it('of regions within an image, across its ends and beyond them gives what the runtime gives', async () => {
    const size = fc.integer({ min: 1, max: 5 })
    const form = fc.record({
      ...{ height: size, width: size, rows: size, columns: size, batch: fc.constantFrom(1, 2), samples: size },
      mode: fc.constantFrom('half_pixel', 'output_half_pixel'),
      scale: fc.constantFrom(0.5, 3, 20),
    })
    const law = fc.asyncProperty(form, async ({ height, width, rows, columns, batch, samples, mode, scale }) => {
      const attributes = [
        ...[a('output_height', rows), a('output_width', columns), a('sampling_ratio', samples)],
        ...[a('spatial_scale', { float: scale }), a('coordinate_transformation_mode', mode)],
      ]
      const proto = model({
        nodes: [node('RoiAlign', ['x', 'rois', 'images'], ['y'], attributes, 'one')],
        constants: [longs('images', [3], [batch - 1, 0, batch - 1])],
        inputs: { x: [batch, 2, height, width], rois: [3, 4] },
        opset: 16,
      })
      await expectSame(proto, lowerRoiAlign)
    })
    await fc.assert(law, { numRuns: 40 })
  })

  it.each([
    ['takes as many samples as a region is large', [a('sampling_ratio', 0)], 16],
    ['takes maxima', [a('sampling_ratio', 1), a('mode', 'max')], 16],
    ['is of an opset without GridSample', [a('sampling_ratio', 1)], 10],
  ])('stays where it %s', async (_, attributes, opset) => {
    const nodes = [node('RoiAlign', ['x', 'rois', 'images'], ['y'], attributes, 'one')]
    const inputs = { x: [1, 2, 4, 4], rois: [1, 4] }
    const proto = model({ nodes, inputs, constants: [longs('images', [1], [0])], opset })
    expect((await lowerRoiAlign.apply(proto)).count).toBe(0)
  })
})

describe('Pow of two tensors', () => {
  const power = (before: string, constants: readonly string[], attributes: readonly AttributeProto[] = []) =>
    model({
      nodes: [
        node(before, ['x', ...constants], ['base'], attributes, 'first'),
        node('Pow', ['base', 'z'], ['y'], [], 'one'),
      ],
      constants: [floats('small', [], [0.25])],
      inputs: { x: [3, 4], z: [3, 4] },
    })

  it.each([
    ['Max', ['small']],
    ['Clip', ['small']],
  ])('is an exponential of a product behind %s', async (before, constants) => {
    await expectSame(power(before, constants), lowerPow)
  })

  /** Of what a function gives for inputs of no less than a number. */
  const powerFrom = (least: number, opType: string) =>
    model({
      nodes: [
        node('Max', ['x', 'least'], ['kept']),
        node(opType, ['kept'], ['base']),
        node('Pow', ['base', 'z'], ['y'], [], 'one'),
      ],
      constants: [floats('least', [], [least])],
      inputs: { x: [3, 4], z: [3, 4] },
    })

  it.each([
    ['Exp', -87],
    ['Softplus', -87],
    ['Sigmoid', -13],
  ])('is one behind %s of what is no less than %d', async (opType, least) => {
    await expectSame(powerFrom(least, opType), lowerPow)
  })

  it.each([
    ['Exp', -88],
    ['Softplus', -88],
    ['Sigmoid', -14],
    ['Max', Number.NaN],
  ])('stays behind %s of what may be as little as %d, which may give 0', async (opType, least) => {
    expect((await lowerPow.apply(powerFrom(least, opType))).count).toBe(0)
  })

  it('looks at each tensor before it once, on however many ways it is read', async () => {
    const doubled = Array.from({ length: 60 }, (_, at) => node('Add', [`d${at}`, `d${at}`], [`d${at + 1}`]))
    const nodes = [node('Max', ['x', 'small'], ['d0']), ...doubled, node('Pow', ['d60', 'z'], ['y'], [], 'one')]
    const proto = model({ nodes, constants: [floats('small', [], [0.25])], inputs: { x: [3, 4], z: [3, 4] } })
    expect((await lowerPow.apply(proto)).count).toBe(1)
  })

  it.each([
    ['Exp', []],
    ['Sigmoid', []],
    ['Softplus', []],
    ['Relu', []],
    ['Add', ['small']],
    ['Min', ['small']],
  ])('stays behind %s, where it may be of zero or less', async (before, constants) => {
    expect((await lowerPow.apply(power(before, constants))).count).toBe(0)
  })
})
