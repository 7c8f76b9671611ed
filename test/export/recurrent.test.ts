// Whole recurrent layers: the integer and the QDQ model resemble the float one. That the integers are those of the oracle, the conformance suite
// shows.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { integerModel } from '../../src/export/integerModel.js'
import { qdqModel } from '../../src/export/qdqModel.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { lowerRecurrent } from '../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import type { ModelProto, TensorValue } from '../../src/onnx/types.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { asModel, feedsFor, runModel } from '../onnx/models.js'
import { plainForm, type RecurrentForm, recurrentFeeds, recurrentForm, recurrentModel } from '../onnx/recurrent.js'

const chip = chipProfile('TX5105C')
const plain: RecurrentForm = { ...plainForm, steps: 40, hidden: 16 }

async function planned(form: RecurrentForm) {
  const { proto } = await lowerRecurrent.apply(recurrentModel(form))
  const model = asModel(proto)
  // First states lie within what the steps reach.
  const feeds = Object.fromEntries(
    Object.entries(recurrentFeeds(form, proto)).map(([name, value]) => {
      if (name === 'x' || name === 'lengths') return [name, value] as const
      const data = (value.data as Float32Array).map((one) => one / 4)
      return [name, { ...value, data }] as const
    }),
  )
  const tensors = await shapesFor(model, feeds)
  return { model, feeds, plan: makePlan(model, tensors, oneWidth(chip, 8)) }
}

/** The integer model and the QDQ model, with thresholds from one run, in signal-to-noise ratios of y in dB. */
async function quality(form: RecurrentForm) {
  const { model, feeds, plan } = await planned(form)
  const observed = await runModel(withOutputs(model.proto, plan.observed), feeds)
  const values = { ...observed, ...feeds }
  const most = (names: readonly string[]): number =>
    Math.max(
      ...names.map((name) => {
        const derived = plan.derived.get(name)
        if (derived !== undefined)
          return Math.max(...[-1, 1].map((sign) => Math.abs(derived.evaluate(sign * most(derived.of)))))
        return Math.max(1e-6, ...(values[name]!.data as Float32Array).map(Math.abs))
      }),
    )
  const thresholds = new Map(plan.groups.map(({ name, sources }) => [name, most(sources)]))
  const fixed = solveFixedPoint(plan, thresholds, chip)
  const integer = integerModel(fixed, model, { outputDequant: true, allLayers: false })
  const [exact, made, qdq] = [model.proto, integer, qdqModel(fixed, model)].map((proto) => runModel(proto, feeds))
  const { y } = (await exact) as { y: TensorValue }
  const decibels = ({ data }: TensorValue) => {
    const power = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value ** 2, 1e-12)
    const signal = Array.from(y.data, Number)
    return 10 * Math.log10(power(signal) / power(signal.map((value, i) => value - Number(data[i]))))
  }
  return { integer: decibels((await made)!.y!), qdq: decibels((await qdq)!.y!) }
}

function withOutputs(proto: ModelProto, names: readonly string[]): ModelProto {
  const { graph } = proto
  const present = new Set([...graph.output, ...graph.input].map(({ name }) => name))
  const added = names.filter((name) => !present.has(name)).map((name) => ({ name }))
  return { ...proto, graph: { ...graph, output: [...graph.output, ...added] } }
}

describe('recurrent layers', () => {
  it.each(['LSTM', 'GRU', 'RNN'] as const)('%s keeps 35 dB over 40 steps at 8 bits', async (type) => {
    const { integer, qdq } = await quality({ ...plain, type, direction: 'bidirectional' })
    expect(integer).toBeGreaterThan(35)
    expect(Math.abs(integer - qdq)).toBeLessThan(6)
  })

  it('resemble the float layer in every form', async () => {
    const law = fc.asyncProperty(recurrentForm, async (form) => {
      // A state that starts beyond all that it reaches later saturates: enough steps, inputs and units to reach something.
      // With other activations a random layer may forget nothing, and its states grow without end.
      const { integer } = await quality({ ...form, steps: form.steps + 10, inputs: 8, hidden: 8, activations: [] })
      expect(integer).toBeGreaterThan(20)
    })
    await fc.assert(law, { numRuns: 30 })
  })

  it('are steps of 16 bits, but for what products read', async () => {
    const { plan } = await planned({ ...plain, type: 'GRU' })
    const bitsOf = (name: string) => plan.groups.find(({ tensors }) => tensors.includes(name))?.bits
    const steps = plan.operators.flatMap((operator) => operator.steps ?? [])
    for (const { kind, inputs } of steps)
      for (const name of inputs) expect(bitsOf(name)).toBe(kind === 'matmul' ? 8 : 16)
    // h goes on in 16 bits, and its copy of 8 bits into the products.
    expect([...plan.narrowed.values()]).toContain('layer_h_before_step')
  })

  it('start from first states in 16 bits, at scales of their own', async () => {
    const { plan } = await planned({ ...plain, initial: 'fed' })
    const groupOf = (name: string) => plan.groups.find(({ tensors }) => tensors.includes(name))!
    for (const name of ['h0', 'c0']) {
      expect(groupOf(name).bits).toBe(16)
      expect(groupOf(name).sources).toEqual([name])
    }
    expect(groupOf('layer_c').sources).toEqual(['layer_c'])
  })

  it('take a coarser scale where a result would need a left shift, with the warning in the vendor’s words', async () => {
    const source = recurrentModel({ ...plain, type: 'GRU', bias: false })
    source.graph.node[0]!.name = 'node_GRU_0'
    const { proto } = await lowerRecurrent.apply(source)
    const plan = makePlan(asModel(proto), await shapesFor(asModel(proto), feedsFor(proto)), oneWidth(chip, 8))
    const solved = (threshold: number) => {
      const own = (name: string) => (name === 'node_GRU_0_xn_biased' ? threshold : 1)
      const fixed = solveFixedPoint(plan, new Map(plan.groups.map(({ name }) => [name, own(name)])), chip)
      return { warnings: fixed.warnings, scale: fixed.quantized.get('node_GRU_0_xn_biased')!.scale }
    }
    const fits = solved(2 ** -15)
    expect(fits.warnings).toEqual([])
    expect(solved(2 ** -16)).toEqual({
      warnings: ['OP:node_GRU_0_xn, q_rst: -1 < 0, fix it use q_rst=0, this will lose precision'],
      scale: fits.scale,
    })
  })

  it('are observed as sequences of their gates and states', async () => {
    const { plan } = await planned(plain)
    expect(plan.observed).toEqual(expect.arrayContaining(['layer_gates', 'layer_c', 'layer_fc', 'layer_ig', 'layer_h']))
  })
})
