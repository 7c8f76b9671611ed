import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { clip, roundHalfAway } from '../../src/fixedpoint/rounding.js'
import type { IntTensor } from '../../src/fixedpoint/types.js'
import { rangeOf } from '../../src/fixedpoint/width.js'
import { makeNode } from '../../src/onnx/node.js'
import type { PlannedBinary } from '../../src/operators/binary/plan.js'
import type { PlannedConcat } from '../../src/operators/concat/plan.js'
import type { PlannedConv } from '../../src/operators/conv/plan.js'
import type { FixedConv } from '../../src/operators/conv/solve.js'
import type { PlannedLut } from '../../src/operators/lut/plan.js'
import type { PlannedAveragePool } from '../../src/operators/pool/plan.js'
import type { PlannedOperator } from '../../src/operators/types.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import type { FixedPointModel } from '../../src/plan/types.js'
import { runReference } from '../operators/oracle.js'
import { chip, only, planOf, pointwise, tensor, tensors } from './fixtures.js'

const solve = (operator: PlannedOperator, thresholds: Record<string, number>, wide: readonly string[] = []) =>
  solveFixedPoint(planOf([operator], wide), new Map(Object.entries(thresholds)), chip)

const run = (model: FixedPointModel, ...inputs: IntTensor[]) => runReference(model.operators[0]!, inputs, model)[0]!

const scaleOf = (model: FixedPointModel, name: string) => model.quantized.get(name)!.scale

/** Layers from well-behaved to wild: channels' magnitudes differ by up to 2^20. */
const layers = fc
  .record({
    channels: fc.integer({ min: 1, max: 4 }),
    depth: fc.constantFrom(1, 3, 40, 300),
    relu: fc.boolean(),
    wide: fc.boolean(),
    inputThreshold: fc.double({ min: 0.01, max: 100, noNaN: true }),
    coverage: fc.double({ min: 0.01, max: 1, noNaN: true }),
    seed: fc.integer(),
  })
  .chain((base) =>
    fc.record({
      base: fc.constant(base),
      magnitudes: fc.array(fc.integer({ min: -20, max: 0 }), { minLength: base.channels, maxLength: base.channels }),
      biases: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), {
        minLength: base.channels,
        maxLength: base.channels,
      }),
    }),
  )
  .map(({ base, magnitudes, biases }) => {
    const random = lcg(base.seed)
    const weights = magnitudes.map((power) => Array.from({ length: base.depth }, () => (random() * 2 - 1) * 2 ** power))
    const reach = Math.max(...weights.map((row) => row.reduce((sum, w) => sum + Math.abs(w), 0))) * base.inputThreshold
    const outputThreshold = Math.max(reach * base.coverage, 1e-6)
    const bias = Float32Array.from(biases, (b) => b * outputThreshold)
    const clamp = base.relu ? { low: 0, high: Number.POSITIVE_INFINITY } : undefined
    return { ...base, outputThreshold, planned: pointwise(weights, { bias, clamp }), random }
  })

function lcg(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** What the layer gives in real arithmetic on the dequantized inputs and dequantized weights, in output steps, clipped. */
function realOutputs(model: FixedPointModel, planned: PlannedConv, input: IntTensor): number[] {
  const conv = only(model, 'conv')
  const [channels, depth] = conv.weights.dims as [number, number]
  const { low, high } = conv.scaleFix
  return Array.from({ length: channels }, (_, c) => {
    let sum = planned.bias[c]!
    for (let k = 0; k < depth; k++) {
      sum += input.data[k]! * scaleOf(model, 'x') * conv.weights.data[c * depth + k]! * conv.weightScales[c]!
    }
    return clip(sum / scaleOf(model, 'y'), low, high)
  })
}

describe('scaleFix', () => {
  it('stays within its ranges and within about one step of real arithmetic, at any scale', () => {
    const cases = layers.chain((layer) => fc.tuple(fc.constant(layer), tensors([1, layer.depth, 1, 1])))
    fc.assert(
      fc.property(cases, ([layer, input]) => {
        const model = solve(
          layer.planned,
          { x: layer.inputThreshold, y: layer.outputThreshold },
          layer.wide ? ['y'] : [],
        )
        const { q0, q1, q2, scaleInt16 } = only(model, 'conv').scaleFix
        for (const q of [q0, q1, q2]) expect(q >= 0 && q <= 31).toBe(true)
        for (const multiplier of scaleInt16) expect(multiplier).toBeGreaterThan(0)
        // A 16-bit output is finer than the intermediate sum under it: a quarter of an 8-bit step is what is asked then.
        const tolerance = layer.wide ? 64 : 1.01
        const expected = realOutputs(model, layer.planned, input)
        run(model, input).data.forEach((y, c) => {
          expect(Math.abs(y - expected[c]!)).toBeLessThanOrEqual(tolerance)
        })
      }),
      { numRuns: 200 },
    )
  })

  it('keeps the multiplier exact: the error is in the weights alone', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        const model = solve(layer.planned, { x: layer.inputThreshold, y: layer.outputThreshold })
        const { scaleFix, weightScales } = only(model, 'conv')
        weightScales.forEach((scale, c) => {
          const real = (scaleOf(model, 'x') * scale) / scaleOf(model, 'y')
          const integer = scaleFix.scaleInt16[c]! * 2 ** -(scaleFix.q0 + scaleFix.q1 + scaleFix.q2)
          expect(Math.abs(real / integer - 1)).toBeLessThan(1e-14)
        })
      }),
    )
  })

  it('never clips the intermediate sum where an output could tell, not even for the worst inputs', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        const model = solve(layer.planned, { x: layer.inputThreshold, y: layer.outputThreshold })
        const wideSum: FixedPointModel = {
          ...model,
          chip: { ...chip, accumulators: { 8: { ...chip.accumulators[8]!, convsumBits: 32 } } },
        }
        for (const input of worstInputs(only(model, 'conv'))) {
          expect(run(model, input)).toEqual(run(wideSum, input))
        }
      }),
    )
  })

  it('bounds every accumulator', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        const model = solve(layer.planned, { x: layer.inputThreshold, y: layer.outputThreshold })
        const conv = only(model, 'conv')
        const depth = conv.weights.dims[1]!
        const sums = worstInputs(conv).map((input) => {
          const rows = Array.from(conv.weights.data, (w, at) => w * input.data[at % depth]!)
          return Math.abs(rows.slice(0, depth).reduce((sum, x) => sum + x, 0))
        })
        expect(Math.max(...sums)).toBeLessThanOrEqual(conv.accumulatorBound)
      }),
    )
  })

  it('is nearly right on average where most integers are negative, though the last shift rounds halves away from zero', () => {
    const random = lcg(7)
    const depth = 16
    const weights = Array.from({ length: 64 }, () => Array.from({ length: depth }, random))
    // What zero points ask for: inputs near -64 make sums near -512, which the biases bring into the range.
    const bias = Float32Array.from(weights, (row) => row.reduce((sum, w) => sum + 64 * w, 0) - 70)
    const planned = pointwise(weights, { bias })
    const thresholds = new Map([
      ['x', 127],
      ['y', 127],
    ])
    const meanError = (offsets?: ReadonlyMap<string, number>) => {
      const plan = { ...planOf([planned]), ...(offsets && { offsets }) }
      const model = solveFixedPoint(plan, thresholds, chip)
      const errors = Array.from({ length: 400 }, () => {
        const data = Int32Array.from({ length: depth }, () => Math.round(random() * 18 - 73))
        const input: IntTensor = { dims: [1, depth, 1, 1], data }
        const expected = realOutputs(model, planned, input)
        return run(model, input).data.reduce((sum, y, c) => sum + y - expected[c]!, 0) / weights.length
      })
      return errors.reduce((sum, error) => sum + error, 0) / errors.length
    }
    // q2 is 5 here: half a unit of the bias is a 64th of a step. What is left is the first shift's.
    expect(meanError()).toBeLessThan(-1 / 64)
    expect(Math.abs(meanError(new Map([['y', 100]])))).toBeLessThan(1 / 128)
  })

  it('does not let a strong channel lose its resolution to a weak one', () => {
    // Alone, the strong channel is precise; a neighbour of weights 2^-16 must not change that.
    const strong = Array.from({ length: 400 }, (_, k) => Math.sin(k))
    const weak = strong.map((w) => w * 2 ** -16)
    const alone = only(solve(pointwise([strong]), { x: 1, y: 2 }), 'conv')
    const both = only(solve(pointwise([strong, weak]), { x: 1, y: 2 }), 'conv')
    expect(both.scaleFix.q0).toBe(alone.scaleFix.q0)
  })
})

/** For every channel the inputs that drive its sum to both ends, and the constant extremes. */
function worstInputs({ weights }: FixedConv): IntTensor[] {
  const [channels, depth] = weights.dims as [number, number]
  const signs = Array.from({ length: channels }, (_, c) =>
    Array.from(weights.data.subarray(c * depth, (c + 1) * depth)),
  )
  const driven = signs.flatMap((row) => [row.map((w) => (w > 0 ? 127 : -128)), row.map((w) => (w > 0 ? -128 : 127))])
  const flat = [127, -128, 0].map((value) => row(depth, value))
  return [...driven, ...flat].map((values) => tensor([1, depth, 1, 1], values))
}

const row = (length: number, value: number) => Array<number>(length).fill(value)

describe('clamps and constant channels', () => {
  it('Relu and Clip become the bounds of the integer output', () => {
    const relu = solve(pointwise([[1]], { clamp: { low: 0, high: Number.POSITIVE_INFINITY } }), { x: 1, y: 1 })
    expect(only(relu, 'conv').scaleFix).toMatchObject({ low: 0, high: 127 })
    const relu6 = solve(pointwise([[1]], { clamp: { low: 0, high: 6 } }), { x: 1, y: 12.7 })
    expect(only(relu6, 'conv').scaleFix).toMatchObject({ low: 0, high: 60 })
  })

  it('a channel of zeros gives its bias, and is reported', () => {
    const model = solve(pointwise([[0], [1]], { bias: Float32Array.of(0.5, 0) }), { x: 1, y: 1.27 })
    expect([...run(model, tensor([1, 1, 1, 1], [127])).data]).toEqual([50, 100])
    expect(model.warnings).toEqual(['Conv_conv: 1 of 2 output channels have no weight but zero: they are constant'])
  })

  it('a layer of zeros gives its biases', () => {
    const model = solve(pointwise([[0, 0]], { bias: Float32Array.of(-0.5) }), { x: 1, y: 1.27 })
    expect([...run(model, tensor([1, 2, 1, 1], [127, -128])).data]).toEqual([-50])
  })

  it('a bias far beyond the output is cut where no output can tell', () => {
    const bias = Float32Array.of(-1e6)
    const model = solve(pointwise([[1]], { bias, clamp: { low: 0, high: Number.POSITIVE_INFINITY } }), { x: 1, y: 1 })
    for (const x of [-128, 0, 127]) expect([...run(model, tensor([1, 1, 1, 1], [x])).data]).toEqual([0])
  })

  it('a wide output holds twice the largest value of calibration', () => {
    const model = solve(pointwise([[1]]), { x: 127, y: 50 }, ['y'])
    const y = run(model, tensor([1, 1, 1, 1], [99])).data[0]! * scaleOf(model, 'y')
    expect(y).toBeCloseTo(99, 1)
  })

  it('a wide output makes room for a bias larger than its threshold', () => {
    const model = solve(pointwise([[1]], { bias: Float32Array.of(5) }), { x: 10, y: 1 }, ['y'])
    const y = run(model, tensor([1, 1, 1, 1], [-60])).data[0]! * scaleOf(model, 'y')
    expect(y).toBeCloseTo(5 - (60 * 10) / 127, 3)
  })
})

describe('offences', () => {
  const message = (run: () => unknown) => {
    try {
      run()
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }

  it('names every operator whose q leaves its range, with remedies', () => {
    const first = pointwise([[1]])
    const second = pointwise([[1]], { name: 'second', inputs: ['y'], outputs: ['z'] })
    const third = pointwise([[1]], { name: 'third', inputs: ['x'], outputs: ['u'], bias: Float32Array.of(1) })
    const plan = planOf([first, second, third])
    const thresholds = new Map(Object.entries({ x: 1, y: 1e-9, z: 1, u: 1e-4 }))
    const text = message(() => solveFixedPoint(plan, thresholds, chip))
    expect(text).toContain('The model cannot run on TX5105C:')
    expect(text).toContain('OP:Conv_scaleFix q2:-8 must range in [0, 31] to meet hardware specifications (node "conv")')
    expect(text).toMatch(/OP:Conv_scaleFix q2:-\d+ must range in \[0, 31\] .* \(node "third"\)/)
    expect(text).not.toContain('second')
    expect(text).toContain('calibrate with other or more data')
  })

  it('carries the code FIXED_POINT', () => {
    const run = () => solve(pointwise([[1]]), { x: 1, y: 1e-9 })
    expect(run).toThrow(expect.objectContaining({ code: 'FIXED_POINT' }))
  })

  it('an output far larger than anything its weights add is no offence', () => {
    const model = solve(pointwise([[1]], { bias: Float32Array.of(1e6) }), { x: 1e-6, y: 1e6 })
    expect([...run(model, tensor([1, 1, 1, 1], [127])).data]).toEqual([127])
  })

  it('a missing threshold is a bug, not a user error', () => {
    expect(() => solve(pointwise([[1]]), { x: 1 })).toThrow('The scale group "y" has the threshold undefined')
  })
})

describe('elementwise operators', () => {
  const threshold = fc.double({ min: 2 ** -5, max: 2 ** 5, noNaN: true })
  const names = { name: 'op', nodes: [makeNode('Add', ['a', 'b'], ['y'], [], 'op')], outputs: ['y'], clamp: undefined }
  const cases = fc.record({ a: threshold, b: threshold, y: threshold, left: tensors([8]), right: tensors([8]) })

  const check = (planned: PlannedBinary, f: (a: number, b: number) => number, inputs: [string, string]) =>
    fc.assert(
      fc.property(cases, ({ a, b, y, left, right }) => {
        const model = solve(planned, { a, b, y })
        const output = run(model, left, right)
        output.data.forEach((got, index) => {
          const [p, q] = [left.data[index]! * scaleOf(model, inputs[0]), right.data[index]! * scaleOf(model, inputs[1])]
          const expected = clip(f(p, q) / scaleOf(model, 'y'), ...rangeOf(8))
          // Half a step; and a multiplier of 15 bits is off by up to 2^-15 of what it multiplies, which may be far larger than the result.
          const multiplied = planned.kind === 'mul' ? Math.abs(p * q) : Math.abs(p) + Math.abs(q)
          const slack = 0.51 + (2 ** -15 * multiplied) / scaleOf(model, 'y')
          expect(Math.abs(got - expected)).toBeLessThanOrEqual(slack)
        })
      }),
    )

  it('sums are within about half a step', () => {
    check({ ...names, kind: 'add', inputs: ['a', 'b'], negate: false, divisor: 1 }, (a, b) => a + b, ['a', 'b'])
  })

  it('differences are within about half a step', () => {
    check({ ...names, kind: 'add', inputs: ['a', 'b'], negate: true, divisor: 1 }, (a, b) => a - b, ['a', 'b'])
  })

  it('products are within about half a step', () => {
    check({ ...names, kind: 'mul', inputs: ['a', 'b'], negate: false, divisor: 1 }, (a, b) => a * b, ['a', 'b'])
  })

  it.each([512, 513, 2000])('sums of %d stay in 32 bits', (count) => {
    const inputs = Array.from({ length: count }, (_, at) => `x${at}`)
    const scales = { ...Object.fromEntries(inputs.map((name) => [name, 1])), y: 1.001 }
    const planned: PlannedBinary = { ...names, kind: 'add', inputs, negate: false, divisor: 1, clamp: undefined }
    const { requantize, q2 } = only(solve(planned, scales), 'add')
    const reach = requantize.reduce((sum, { multiplier, shift }) => sum + 128 * multiplier * 2 ** -shift, 0)
    expect(reach).toBeLessThan(2 ** 31)
    expect((reach * 2 ** -q2) / (128 * count)).toBeCloseTo(1 / 1.001, 3)
  })

  it('a fused Relu bounds a sum', () => {
    const planned: PlannedBinary = {
      ...names,
      kind: 'add',
      inputs: ['a', 'b'],
      negate: false,
      divisor: 1,
      clamp: { low: 0, high: 1 },
    }
    expect(only(solve(planned, { a: 1, b: 1, y: 2 }), 'add')).toMatchObject({ low: 0, high: 64 })
  })

  it('a concat requantizes only the inputs of another scale', () => {
    const planned: PlannedConcat = {
      kind: 'concat',
      name: 'c',
      nodes: [],
      inputs: ['a', 'b'],
      outputs: ['y'],
      axis: 0,
      parts: ['input', 'input'],
    }
    const model = solve(planned, { a: 1, b: 0.5, y: 1 })
    expect(only(model, 'concat').parts).toEqual([
      { requantize: undefined },
      { requantize: { multiplier: 16384, shift: 15 } },
    ])
    expect([...run(model, tensor([1], [-7]), tensor([2], [3, -128])).data]).toEqual([-7, 2, -64])
  })

  it('an average is within about half a step', () => {
    const planned: PlannedAveragePool = {
      kind: 'averagepool',
      name: 'pool',
      nodes: [],
      inputs: ['x'],
      outputs: ['y'],
      kernelShape: [3, 3],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
      channels: 1,
      divisor: { dims: [], data: Float32Array.of(9) },
    }
    fc.assert(
      fc.property(threshold, tensors([1, 1, 3, 3]), (x, input) => {
        const model = solve(planned, { x, y: x / 2 }, ['y'])
        const mean = input.data.reduce((sum, q) => sum + q, 0) / 9
        const expected = clip((mean * scaleOf(model, 'x')) / scaleOf(model, 'y'), ...rangeOf(16))
        // The 16-bit multiplier's own rounding shows in a 16-bit output.
        expect(Math.abs(run(model, input).data[0]! - expected)).toBeLessThanOrEqual(0.5 + 2 ** -15 * Math.abs(expected))
      }),
    )
  })
})

describe('tables', () => {
  const lut = (evaluate: (x: number) => number): PlannedLut => ({
    kind: 'lut',
    name: 'f',
    nodes: [makeNode('Sigmoid', ['x'], ['y'], [], 'f')],
    inputs: ['x'],
    outputs: ['y'],
    evaluate,
    label: 'F',
  })

  it('hold the rounded function at every input', () => {
    const model = solve(lut(Math.tanh), { x: 3, y: 1 })
    const { table } = only(model, 'lut')
    for (let q = -128; q < 128; q++) {
      expect(table[q + 128]).toBe(roundHalfAway(Math.tanh(q * scaleOf(model, 'x')) / scaleOf(model, 'y')))
    }
  })

  it('hold 16 bits when the output leaves the chip', () => {
    // 1 is half of the range, 16383.5 steps: a tie, which goes away from zero.
    expect(
      only(
        solve(
          lut((x) => x),
          { x: 1, y: 1 },
          ['y'],
        ),
        'lut',
      ).table[255],
    ).toBe(16384)
  })

  it('repeat the nearest defined value where the function has none', () => {
    const { table } = only(solve(lut(Math.sqrt), { x: 1.27, y: 1.27 }), 'lut')
    expect([table[0], table[127], table[128], table[255]]).toEqual([0, 0, 0, 113])
    expect(
      only(
        solve(
          lut((x) => 1 / x),
          { x: 1, y: 1 },
        ),
        'lut',
      ).table[128],
    ).toBe(127)
  })

  it('a function that is nowhere a number is an offence', () => {
    expect(() =>
      solve(
        lut(() => Number.NaN),
        { x: 1, y: 1 },
      ),
    ).toThrow('F is nowhere a number in the range of its input')
  })
})

it('an input after Relu is known not to be negative', () => {
  const first = pointwise([[1]], { clamp: { low: 0, high: Number.POSITIVE_INFINITY } })
  const second = pointwise([[1]], { name: 'second', inputs: ['y'], outputs: ['z'] })
  const model = solveFixedPoint(planOf([first, second]), new Map(Object.entries({ x: 1, y: 1, z: 1 })), chip)
  const bounds = model.operators.map((operator) => (operator as FixedConv).accumulatorBound)
  expect(bounds).toEqual([127 * 128, 127 * 127])
})

it('a tensor of 16 bits that stays inside holds twice its threshold, one of 8 bits its threshold', () => {
  const plan = planOf([pointwise([[1]])])
  const groups = plan.groups.map((one) => ({ ...one, bits: 16 }))
  const thresholds = new Map(Object.entries({ x: 1, y: 1 }))
  const wide = solveFixedPoint({ ...plan, groups }, thresholds, chipProfile('TX5368x'))
  expect(scaleOf(wide, 'y')).toBe(Math.fround(2 / 32767))
  expect(scaleOf(solveFixedPoint(plan, thresholds, chip), 'y')).toBe(Math.fround(1 / 127))
})
