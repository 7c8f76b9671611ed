import { describe, expect, it } from 'vitest'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { noiseSources } from '../../src/noise/sources.js'
import { switchedModel } from '../../src/noise/switchedModel.js'
import { encodeModel } from '../../src/onnx/model.js'
import { lowerRecurrent } from '../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { exposeAll } from '../../src/onnx/shapes/inference.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { floatValues, makeTensor, tensorDims } from '../../src/onnx/tensor.js'
import { DataType, type Model, type ModelProto, type TensorProto, type TensorValue } from '../../src/onnx/types.js'
import type { FixedAccumulation } from '../../src/operators/accumulation/types.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { op } from '../e2e/zoo.js'
import { picture } from '../export/quantized.js'
import { floats, model, runModel } from '../onnx/models.js'
import { plainForm, recurrentFeeds, recurrentModel } from '../onnx/recurrent.js'

const chip = chipProfile('TX5105C')
const feeds = { x: picture([1, 3, 8, 8], 1) }

const wave = (name: string, ...dims: number[]) => {
  const size = dims.reduce((product, dim) => product * dim, 1)
  return floats(
    name,
    dims,
    Array.from({ length: size }, (_, i) => Math.sin(3 * i + size)),
  )
}

/** Two convolutions in a row; opset 10 has the bounds of a Clip as attributes. */
const chain = (opset: number): ModelProto =>
  model({
    inputs: { x: [1, 3, 8, 8] },
    nodes: [
      ...[
        op('Conv: x w b -> c', { pads: [1, 1, 1, 1] }),
        op('Relu: c -> r'),
        op('MaxPool: r -> p', { kernel_shape: [2, 2] }),
      ],
      ...[op('Conv: p v -> d'), op('Sigmoid: d -> y')],
    ],
    constants: [wave('w', 4, 3, 3, 3), wave('b', 4), wave('v', 2, 4, 1, 1)],
    opset,
  })

describe.each([10, 13, 17])('the float model with one thing quantized at a time, opset %i', (opset) => {
  it('rounds a tensor where all its readers see it', async () => {
    const { values, quantized, turns } = await run(chain(opset))
    // The pool and its input share a scale: to round before or after taking the largest is the same.
    const rounded = rescaled(values.p!, quantized.get('p')!.scale)
    expectClose(turns.get('tensors r')!, await from('p', rounded, opset))
  })

  it('rounds the weights of one operator', async () => {
    const { fixed, turns } = await run(chain(opset))
    const { weights, weightScales } = fixed.operators.at(-2) as FixedAccumulation
    const real = Float32Array.from(weights.data, (code, i) => code * weightScales[Math.floor(i / 4)]!)
    const proto = chain(opset)
    const initializer = proto.graph.initializer.map((one) =>
      one.name === 'v' ? makeTensor('v', DataType.FLOAT, [2, 4, 1, 1], real) : one,
    )
    const session = await createSession(encodeModel({ ...proto, graph: { ...proto.graph, initializer } }))
    const got = turns.get(`weights ${fixed.operators.at(-2)!.name}`)!
    const wanted = (await session.run(feeds)).y!.data as Float32Array
    expectClose(got, wanted)
    const float = (await runModel(proto, feeds)).y!.data as Float32Array
    expect(distance(got, wanted)).toBeLessThan(distance(got, float) / 100)
  })

  it('has one turn for every scale and every operator with weights', async () => {
    const { turns } = await run(chain(opset))
    expect([...turns.keys()].map((name) => name.split(' ')[0])).toEqual([
      ...['tensors', 'tensors', 'tensors', 'tensors', 'weights', 'weights'],
    ])
  })
})

it('gives a logarithm for the code 0 what the integer model gives, the mean of the logarithms of what rounds to 0', async () => {
  const proto = model({
    inputs: { x: [1, 3, 8, 8] },
    nodes: [
      ...[op('Conv: x w -> c'), op('Relu: c -> r'), op('MaxPool: r -> p', { kernel_shape: [1, 1] })],
      ...[op('Clip: p least -> l'), op('Log: l -> y')],
    ],
    constants: [wave('w', 4, 3, 1, 1), floats('least', [], [1e-9])],
  })
  const { values, quantized, turns } = await run(proto)
  const { scale } = quantized.get('r')!
  const codes = values.r!.map((value) => Math.min(127, Math.round(value / scale)))
  expect(codes).toContain(0)
  const wanted = codes.map((code) => Math.log(code === 0 ? scale / (2 * Math.E) : code * scale))
  expectClose(turns.get('tensors r')!, wanted)
})

describe('the weights inside of recurrent steps', () => {
  it.each(['LSTM', 'GRU', 'RNN'] as const)('of a %s in one direction are rounded together', async (type) => {
    const form = { ...plainForm, type, direction: 'bidirectional', steps: 6, hidden: 8, batch: 1 } as const
    const proto = recurrentModel(form)
    const lowered = (await lowerRecurrent.apply(proto)).proto
    const own = recurrentFeeds(form, proto)
    const { fixed, turns } = await run(lowered, own)
    const float = (await runModel(proto, own)).y!.data as Float32Array
    const scans = fixed.operators.filter(({ steps }) => steps !== undefined)
    expect(scans).toHaveLength(2)
    for (const [direction, { name }] of scans.entries()) {
      const rounded = (one: TensorProto) => (one.name === 'r' ? roundedRows(one, direction) : one)
      const graph = { ...proto.graph, initializer: proto.graph.initializer.map(rounded) }
      const wanted = (await runModel({ ...proto, graph }, own)).y!.data as Float32Array
      const got = turns.get(`weights ${name}`)!
      expect(distance(got, float)).toBeGreaterThan(1e-4)
      expect(distance(got, wanted)).toBeLessThan(distance(got, float) / 5)
    }
  })
})

/** The recurrent weights of one direction as the 8 bits of each row hold them. */
function roundedRows(weights: TensorProto, direction: number): TensorProto {
  const [directions, rows, columns] = tensorDims(weights) as [number, number, number]
  const values = Float32Array.from(floatValues(weights))
  for (let row = direction * rows; row < (direction + 1) * rows; row++) {
    const own = values.subarray(row * columns, (row + 1) * columns)
    const scale = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127
    for (const [i, value] of own.entries()) own[i] = Math.round(value / scale) * scale
  }
  return makeTensor('r', DataType.FLOAT, [directions, rows, columns], values)
}

/** What tensors inside of steps, which the graph does not show, are taken to reach. */
const insideSteps = [1]

/** What calibrating on one sample gives, and the output of every turn by its source. */
async function run(proto: ModelProto, given: Readonly<Record<string, TensorValue>> = feeds) {
  const source: Model = { proto, path: '', hash: '' }
  const plan = makePlan(source, await shapesFor(source, given), oneWidth(chip, 8))
  const exposed = await createSession(encodeModel(exposeAll(proto)))
  const results = { ...given, ...(await exposed.run(given)) }
  const values = Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
  const extreme = (names: readonly string[]) =>
    Math.max(...names.flatMap((name) => [...(values[name] ?? insideSteps)].map((value) => Math.abs(value))))
  // Half of the extreme: some values are clipped.
  const thresholds = new Map(plan.groups.map(({ name, tensors }) => [name, extreme(tensors) / 2]))
  const fixed = solveFixedPoint(plan, thresholds, chip)
  const sources = noiseSources(plan, fixed)
  const switched = switchedModel(fixed, proto, sources, ['y'])
  const session = await createSession(encodeModel(switched.proto))
  const outputs = await session.run(given)
  const turns = new Map(
    sources.map(({ kind, name }, turn) => [
      `${kind} ${name}`,
      outputs[switched.outputs[turn]!.get('y')!]!.data as Float32Array,
    ]),
  )
  return { values, quantized: fixed.quantized, fixed, turns }
}

/** Rounded to steps and clipped to the 256 of 8 bits. */
function rescaled(values: Float32Array, scale: number): Float32Array {
  return values.map((value) => Math.max(-128, Math.min(127, Math.round(value / scale))) * scale)
}

/** y, where `p` holds these values. */
async function from(name: string, values: Float32Array, opset: number): Promise<Float32Array> {
  const whole = chain(opset)
  const at = whole.graph.node.findIndex(({ output }) => output.includes(name))
  const rest = model({
    ...{ inputs: { [name]: [1, 4, 7, 7] }, nodes: whole.graph.node.slice(at + 1), opset },
    constants: whole.graph.initializer
      .filter((one) => one.name === 'v')
      .map((one) => floats('v', [2, 4, 1, 1], [...floatValues(one)])),
  })
  const session = await createSession(encodeModel(rest))
  const outputs = await session.run({ [name]: { type: 'float32', dims: [1, 4, 7, 7], data: values } })
  return outputs.y!.data as Float32Array
}

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}

function expectClose(got: Float32Array, wanted: Float32Array): void {
  expect(got).toHaveLength(wanted.length)
  for (const [i, value] of got.entries()) expect(value).toBeCloseTo(wanted[i]!, 3)
}
