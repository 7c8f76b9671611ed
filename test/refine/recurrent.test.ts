// Products inside of recurrent steps: where what they read is seen, and that what is found for them reaches the integers.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool } from '../../src/engine/pool.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { lowerRecurrent } from '../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { elementsRead } from '../../src/refine/sequence.js'
import { FRACTIONS } from '../../src/refine/statistics.js'
import { operatorAt, refinableOperators, withRefined } from '../../src/runs/refinement/operators.js'
import { gatherGrams, gatherMeans } from '../../src/runs/refinement/passes.js'
import { asModel, runModel } from '../onnx/models.js'
import { plainForm, type RecurrentForm, recurrentFeeds, recurrentModel } from '../onnx/recurrent.js'

const chip = chipProfile('TX5105C')
const [steps, hidden] = [40, 16]
const form: RecurrentForm = { ...plainForm, type: 'GRU', direction: 'bidirectional', steps, hidden, batch: 1 }

async function quantized() {
  const { proto } = await lowerRecurrent.apply(recurrentModel(form))
  const model = asModel(proto)
  const feeds = recurrentFeeds(form, proto)
  const plan = makePlan(model, await shapesFor(model, feeds), oneWidth(chip, 8))
  const thresholds = new Map(plan.groups.map(({ name }) => [name, 4]))
  return { model, feeds, plan, fixed: solveFixedPoint(plan, thresholds, chip) }
}

describe('A recurrent layer', () => {
  const workspace = mkdtempSync(join(tmpdir(), 'squire-recurrent-'))
  const pool = new Pool({ threads: 1 })
  let made: Awaited<ReturnType<typeof quantized>>
  beforeAll(async () => {
    made = await quantized()
  })
  afterAll(async () => {
    await pool.close()
    rmSync(workspace, { recursive: true })
  })
  const inSteps = () => refinableOperators(made.plan).filter(({ step }) => step !== undefined)

  it('has products in its steps whose inputs the sequences of the states show, but for the state that the last step leaves', () => {
    const found = inSteps().map(({ name, source, sequence }) => [name, source, sequence?.unread])
    expect(found).toEqual([
      [expect.stringMatching('forward.*/.*hr'), 'layer_forward_h', 'last'],
      [expect.stringMatching('forward.*/.*rn'), 'layer_forward_rh', undefined],
      [expect.stringMatching('reverse.*/.*hr'), 'layer_reverse_h', 'first'],
      [expect.stringMatching('reverse.*/.*rn'), 'layer_reverse_rh', undefined],
    ])
  })

  it('gets the integer weights that were found for a step', () => {
    const { plan, fixed } = made
    const [product] = inSteps()
    const { integers, solved, planned } = operatorAt(plan, fixed, product!)
    const rows = integers.map((row, c) => ({
      scale: solved.weightScales[c]!,
      integers: row.map((w) => -w) as Int8Array,
    }))
    const refined = withRefined(plan, [[product!, { bias: planned.bias, rows }]])
    const thresholds = new Map(plan.groups.map(({ name }) => [name, 4]))
    const again = operatorAt(refined, solveFixedPoint(refined, thresholds, chip), product!)
    expect(again.integers.map((row) => [...row])).toEqual(rows.map((row) => [...row.integers]))
  })

  it('is gathered over what its steps read: in the float model, and in codes of the products’ width', async () => {
    const { model, feeds, plan, fixed } = made
    const stop = new SharedArrayBuffer(4)
    const setting = { pool, workspace, source: model, stop, onSample: () => {} }
    const [forward, , reverse] = inSteps()
    const pass = { plan, fixed, operators: [forward!, reverse!], samples: [{ feeds, seed: 1 }] }
    const means = await gatherMeans(setting, pass)
    const grams = await gatherGrams(setting, pass, 1000)
    const y = (await runModel(model.proto, feeds)).y!.data as Float32Array
    const states = (direction: number) =>
      Array.from({ length: steps }, (_, t) => [
        ...y.subarray((2 * t + direction) * hidden, (2 * t + direction + 1) * hidden),
      ])
    for (const [i, read] of [states(0).slice(0, -1), states(1).slice(1)].entries()) {
      const { step } = operatorAt(plan, fixed, pass.operators[i]!)
      expect(means[i]!.count).toBe(steps - 1)
      expect(grams[i]!.count).toBe(steps - 1)
      for (let k = 0; k < hidden; k++) {
        const real = read.map((state) => state[k]!)
        const sum = (of: (value: number) => number) => real.reduce((total, value) => total + of(value), 0)
        expect((means[i]!.sums[k]! / FRACTIONS) * step).toBeCloseTo(
          sum((value) => value),
          1,
        )
        const squares = grams[i]!.products[k * hidden + k]! * step ** 2
        expect(Math.abs(squares - sum((value) => value ** 2))).toBeLessThan(0.1 * steps * step + 0.2 * squares)
      }
    }
  })
})

describe('A sequence', () => {
  it('is cut into the elements that steps read', () => {
    const sequence = { dims: [3, 2, 1], data: Float32Array.of(1, 2, 3, 4, 5, 6) }
    const read = (unread: 'first' | 'last' | undefined) => [...elementsRead(sequence, unread).data]
    expect(elementsRead(sequence, 'last').dims).toEqual([4, 1])
    expect(read('last')).toEqual([1, 2, 3, 4])
    expect(read('first')).toEqual([3, 4, 5, 6])
    expect(read(undefined)).toEqual([1, 2, 3, 4, 5, 6])
  })
})
