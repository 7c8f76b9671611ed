import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IntegerModelOptions, integerModel } from '../../src/export/integerModel.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel } from '../../src/onnx/model.js'
import { makeGraph, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type Model, type ModelProto, type NodeProto } from '../../src/onnx/types.js'
import type { FixedAdd } from '../../src/operators/binary/solve.js'
import type { FixedConv } from '../../src/operators/conv/solve.js'
import type { PlannedFallback } from '../../src/operators/fallback/plan.js'
import type { FixedLut } from '../../src/operators/lut/solve.js'
import type { PlannedMovement } from '../../src/operators/movement/plan.js'
import type { FixedOperator } from '../../src/operators/types.js'
import { dequantize, quantizeInput } from '../../src/oracle/boundary.js'
import { defaults, fixedModel, sourceModel } from './oneLayer.js'

const float = (dims: readonly number[], ...values: number[]) => ({
  type: 'float32' as const,
  dims,
  data: Float32Array.from(values),
})

async function run(
  proto: ModelProto,
  feeds: Record<string, ReturnType<typeof float>>,
): Promise<Record<string, number[]>> {
  const session = await createSession(encodeModel(proto))
  const results = await session.run(feeds)
  await session.release()
  // Adding 0 makes -0 a 0.
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array, (value) => value + 0)]),
  )
}

/** y = -x as a table. */
function negate(input: string, output: string): FixedLut {
  const table = Int16Array.from({ length: 256 }, (_, index) => Math.min(127, 128 - index))
  return {
    kind: 'lut',
    name: `negate_${input}`,
    nodes: [],
    inputs: [input],
    outputs: [output],
    table,
    label: 'Neg',
    spacing: undefined,
    fractionBits: 0,
    zero: 0,
  }
}

function software(node: NodeProto, inputs: readonly string[], reason: string | undefined = 'a test'): PlannedFallback {
  return { kind: 'fallback', name: node.name, nodes: [node], inputs, outputs: node.output, reason }
}

const half = (name: string, bits = 8) => ({ name, scale: 0.5, bits })
const x = float([1, 4], 1, -2.25, 3, 1000)

/** x -> negated (chip) -> y (chip). */
const chain: readonly FixedOperator[] = [negate('x', 'negated'), negate('negated', 'y')]
const chainModel = () =>
  fixedModel(
    chain,
    ['x', 'negated', 'y'].map((name) => half(name)),
  )
const exported = (options: Partial<IntegerModelOptions> = {}) =>
  integerModel(chainModel(), sourceModel({ x: [1, 4] }, ['y']), { ...defaults, ...options })

describe('The interface of the integer model', () => {
  it('has the source’s inputs and outputs, which are integers by default', async () => {
    const proto = exported()
    expect(proto.graph.input.map(({ name }) => name)).toEqual(['x'])
    expect(proto.graph.output.map(({ name }) => name)).toEqual(['y'])
    expect(await run(proto, { x })).toEqual({ y: [2, -5, 6, 127] })
  })

  it('gives real values with outputDequant', async () => {
    expect(await run(exported({ outputDequant: true }), { x })).toEqual({ y: [1, -2.5, 3, 63.5] })
  })

  it('gives the integers of every operator with allLayers, whatever the outputs are', async () => {
    const layers = { negated: [-2, 5, -6, -127] }
    expect(await run(exported({ allLayers: true }), { x })).toEqual({ y: [2, -5, 6, 127], ...layers })
    const both = await run(exported({ allLayers: true, outputDequant: true }), { x })
    expect(both).toEqual({ y: [1, -2.5, 3, 63.5], y_quantized: [2, -5, 6, 127], ...layers })
  })

  it('tells the chip, the mode, the options, the version and the scales of its outputs', () => {
    const { metadataProps } = exported({ mode: 'kl', version: '1.2.3', options: { percent: 0.9 } })
    expect(Object.fromEntries(metadataProps!.map(({ key, value }) => [key, value]))).toMatchObject({
      ...{ chip: 'TX5105C', mode: 'kl', squire: '1.2.3', options: '{"percent":0.9}', 'output_scale:y': '0.5' },
    })
    expect(exported().metadataProps!.map(({ key }) => key)).toEqual(['output_scale:y', 'chip', 'tensors', 'operators'])
  })

  it('tells its tensors, under the names that it writes them, and its operators', () => {
    const { metadataProps } = exported({ outputDequant: true })
    const told = Object.fromEntries(metadataProps!.map(({ key, value }) => [key, value]))
    expect(JSON.parse(told.tensors!)).toEqual([
      { name: 'x', scale: 0.5, bits: 8, integers: 'x_quantized' },
      { name: 'negated', scale: 0.5, bits: 8 },
      { name: 'y', scale: 0.5, bits: 8, integers: 'y_quantized' },
    ])
    expect(JSON.parse(told.operators!)[0]).toMatchObject({ kind: 'table', inputs: ['x'], outputs: ['negated'] })
  })

  it('has nodes with unique names that begin with their operator’s', () => {
    const names = exported().graph.node.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => /^(x|negate_x|negate_negated)\//.test(name))).toBe(true)
  })
})

describe('Quantizing an input', () => {
  it('rounds like the chip at every half and beside it, for any scale', async () => {
    const scales = fc.float({ noNaN: true, noDefaultInfinity: true, min: 2 ** -100, max: 2 ** 100 })
    const law = fc.asyncProperty(scales, async (scale) => {
      const halves = Float32Array.from({ length: 600 }, (_, index) => ((index - 300) / 2) * scale)
      const bits = new Int32Array(halves.buffer)
      const beside = [-1, 1].map((step) => new Float32Array(bits.map((value) => value + step).buffer))
      const values = [halves, ...beside].flatMap((some) => [...some]).filter(Number.isFinite)
      const input = { name: 'x', scale: Math.fround(scale), bits: 8 }
      const fixed = fixedModel([negate('x', 'y')], [input, { ...input, name: 'y' }])
      const proto = integerModel(fixed, sourceModel({ x: [values.length] }, ['y']), defaults)
      const expected = quantizeInput(Float32Array.from(values), [values.length], input).data
      const { y } = await run(proto, { x: float([values.length], ...values) })
      expect(y).toEqual(Array.from(expected, (q) => Math.min(127, 0 - q)))
    })
    await fc.assert(law, { numRuns: 60 })
  })
})

describe('Software operators', () => {
  it('read dequantized integers and write real outputs', async () => {
    const exp = makeNode('Exp', ['negated'], ['y'], [], 'exp')
    const fixed = fixedModel([negate('x', 'negated'), software(exp, ['negated'])], [half('x'), half('negated')])
    const { y } = await run(integerModel(fixed, sourceModel({ x: [1, 4] }, ['y']), defaults), { x })
    const integers = { dims: [4], data: Int32Array.of(-2, 5, -6, -127) }
    const expected = [...dequantize(integers, half('negated'))].map(Math.exp)
    y!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5)
    })
  })

  it('are quantized where the chip goes on, and stay real where the caller reads', async () => {
    const exp = makeNode('Abs', ['x'], ['magnitude'], [], 'abs')
    const operators = [software(exp, ['x']), negate('magnitude', 'y')]
    const fixed = fixedModel(
      operators,
      ['x', 'magnitude', 'y'].map((name) => half(name)),
    )
    const inside = integerModel(fixed, sourceModel({ x: [1, 4] }, ['y']), { ...defaults, allLayers: true })
    expect(await run(inside, { x })).toEqual({ y: [-2, -5, -6, -127], magnitude: [2, 5, 6, 127] })
    const outside = integerModel(fixed, sourceModel({ x: [1, 4] }, ['magnitude', 'y']), defaults)
    expect(await run(outside, { x })).toEqual({ magnitude: [1, 2.5, 3, 63.5], y: [-2, -5, -6, -127] })
  })

  it('read what the chip holds from inside their subgraphs', async () => {
    const same = makeNode('Identity', ['negated'], ['same'], [], 'same')
    const inner = makeNode('Exp', ['negated'], ['inner'], [], 'exp')
    const branch = (output: string, nodes: NodeProto[]) =>
      makeGraph({ nodes, inputs: [], outputs: [makeValueInfo(output, DataType.FLOAT)] })
    const choose = makeNode(
      'If',
      ['condition'],
      ['y'],
      [makeAttribute('then_branch', branch('same', [same])), makeAttribute('else_branch', branch('inner', [inner]))],
      'if',
    )
    const initializers = [makeTensor('condition', DataType.BOOL, [], Uint8Array.of(1))]
    const fixed = fixedModel([negate('x', 'negated'), software(choose, ['negated'])], [half('x'), half('negated')])
    const proto = integerModel(fixed, sourceModel({ x: [1, 4] }, ['y'], { initializers }), defaults)
    expect(await run(proto, { x })).toEqual({ y: [-1, 2.5, -3, -63.5] })
  })
})

describe('Shape operators', () => {
  it('move integers, by shapes that float nodes compute from dims alone', async () => {
    const shape = makeNode('Shape', ['negated'], ['dims'], [], 'shape')
    const flip = makeNode('Slice', ['dims', 'last', 'first', 'zero', 'step'], ['flipped'], [], 'flip')
    const int64 = (name: string, value: bigint) => makeTensor(name, DataType.INT64, [1], BigInt64Array.of(value))
    const initializers = [int64('last', -1n), int64('first', -1000n), int64('zero', 0n), int64('step', -1n)]
    const reshape: PlannedMovement = {
      ...{ kind: 'movement', name: 'reshape', inputs: ['negated'], outputs: ['y'] },
      nodes: [makeNode('Reshape', ['negated', 'flipped'], ['y'], [], 'reshape')],
    }
    const operators = [
      negate('x', 'negated'),
      software(shape, ['negated'], undefined),
      software(flip, ['dims'], undefined),
      reshape,
    ]
    const fixed = fixedModel(
      operators,
      ['x', 'negated', 'y'].map((name) => half(name)),
    )
    const source: Model = sourceModel({ x: [1, 4] }, ['y'], { initializers })
    const proto = integerModel(fixed, source, defaults)
    expect(await run(proto, { x })).toEqual({ y: [-2, 5, -6, -127] })
    expect(proto.graph.initializer.map(({ name }) => name)).toEqual(expect.arrayContaining(['last', 'step']))
    expect(proto.graph.node.some(({ name }) => name.startsWith('negated/'))).toBe(false)
  })
})

describe('What cannot be exact', () => {
  it('is refused by name: a convolution of more products than a float32 sum holds', () => {
    const dims = [1, 20000, 1]
    const operator: FixedConv = {
      ...{ kind: 'conv', name: 'huge', nodes: [], inputs: ['x'], outputs: ['y'], group: 1 },
      weights: { dims, data: new Int8Array(20000).fill(-120) },
      ...{ weightScales: Float64Array.of(1), strides: [1], dilations: [1], pads: [0, 0] },
      scaleFix: { q0: 9, q1: 9, q2: 9, scaleInt16: Int16Array.of(1), biasInt16: Int16Array.of(0), low: 0, high: 127 },
      accumulatorBound: 20000 * 120 * 128,
    }
    const fixed = fixedModel([operator], [half('x'), half('y')])
    const attempt = () => integerModel(fixed, sourceModel({ x: [1, 20000, 1] }, ['y']), defaults)
    expect(attempt).toThrowError(
      expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('"huge"') }),
    )
  })
})

describe('An add that reads one tensor twice', () => {
  it('reads it twice', async () => {
    const doubled: FixedAdd = {
      ...{ kind: 'add', name: 'double', nodes: [], inputs: ['x', 'x'], outputs: ['y'] },
      requantize: [
        { multiplier: 1, shift: 0 },
        { multiplier: 1, shift: 0 },
      ],
      ...{ q2: 0, low: -128, high: 127 },
    }
    const fixed = fixedModel([doubled], [half('x'), half('y')])
    const proto = integerModel(fixed, sourceModel({ x: [1, 4] }, ['y']), defaults)
    expect(await run(proto, { x })).toEqual({ y: [4, -10, 12, 127] })
  })
})
