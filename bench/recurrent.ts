// Claim: recurrent models calibrate as other models do, in at most 1.8 times the time of plain inference with the runtime's own operator, because several
// samples share the steps. Side by side in one run: plain inference, calibration, and calibration without stacked samples, one thread.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allDodges } from '../src/calibrate/dodges/dodges.js'
import { makeAttribute } from '../src/onnx/attribute.js'
import { writeModel } from '../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../src/onnx/node.js'
import { elementCount, makeTensor } from '../src/onnx/tensor.js'
import { DataType } from '../src/onnx/types.js'
import { median } from './median.js'
import { Rig } from './rig.js'
import type { BenchOptions, Section } from './types.js'

const INPUTS = 64
/** Of plain inference in one round. */
const SECONDS = 0.15

const sizes = [
  { steps: 200, hidden: 128 },
  { steps: 50, hidden: 256 },
] as const
const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const

type Size = (typeof sizes)[number]
type CellType = keyof typeof gates

export async function recurrent({ rounds }: Pick<BenchOptions, 'rounds'>): Promise<Section[]> {
  const rows = []
  for (const type of ['LSTM', 'GRU', 'RNN'] as const) {
    for (const size of sizes) rows.push(await measure(type, size, rounds))
  }
  return [{ title: 'Calibration of recurrent layers against plain inference, one sample at a time, one thread', rows }]
}

async function measure(type: CellType, size: Size, rounds: number) {
  const folder = await mkdtemp(join(tmpdir(), 'squire-bench-'))
  const model = join(folder, 'recurrent.onnx')
  await writeModel(recurrentModel(type, size), model)
  const of = { name: type, model, dims: [1, size.steps, INPUTS] }
  const on = await Rig.open(of, 1)
  const off = await Rig.open(
    of,
    1,
    allDodges.filter((dodge) => dodge !== 'stack'),
  )
  try {
    const samples = Math.ceil((SECONDS * 64) / (await on.plain(64)).seconds / 32) * 32
    const passes = async (rig: Rig) => {
      const { seconds, solveSeconds } = await rig.calibrate(samples)
      return seconds - solveSeconds
    }
    for (const rig of [on, off]) await rig.calibrate(32)
    const times: { readonly plain: number; readonly on: number; readonly off: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const plain = (await on.plain(samples)).seconds
      times.push({ plain, on: await passes(on), off: await passes(off) })
    }
    const ratio = (side: 'on' | 'off') => median(times.map((row) => row[side] / row.plain)).toFixed(2)
    const plain = median(times.map((row) => row.plain))
    const shape = { layer: type, steps: size.steps, hidden: size.hidden, 'values/sample': on.observed.values }
    return { ...shape, 'plain ms': ((1000 * plain) / samples).toFixed(3), ratio: ratio('on'), unstacked: ratio('off') }
  } finally {
    await Promise.all([on, off].map((rig) => rig.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** [1, steps, inputs] through a layer and a product over its hidden states, as exporters write it: with a fixed batch. */
function recurrentModel(type: CellType, { steps, hidden }: Size) {
  const rows = gates[type] * hidden
  const constants = [
    weights('w', [1, rows, INPUTS], INPUTS),
    weights('r', [1, rows, hidden], hidden),
    weights('b', [1, 2 * rows], hidden),
    weights('scores', [hidden, 16], hidden),
    makeTensor('directions', DataType.INT64, [1], BigInt64Array.of(1n)),
  ]
  const turn = makeAttribute('perm', [1, 0, 2])
  const reset = type === 'GRU' ? [makeAttribute('linear_before_reset', 1)] : []
  const nodes = [
    makeNode('Transpose', ['x'], ['sequence'], [turn]),
    makeNode(type, ['sequence', 'w', 'r', 'b'], ['states'], [makeAttribute('hidden_size', hidden), ...reset]),
    makeNode('Squeeze', ['states', 'directions'], ['squeezed']),
    makeNode('Transpose', ['squeezed'], ['turned'], [turn]),
    makeNode('MatMul', ['turned', 'scores'], ['y']),
  ]
  const inputs = [makeValueInfo('x', DataType.FLOAT, [1, steps, INPUTS])]
  const outputs = [makeValueInfo('y', DataType.FLOAT, [1, steps, 16])]
  return makeModel(makeGraph({ nodes, inputs, outputs, initializers: constants }), 17)
}

/** Weights as layers have them, a standard deviation of about 1 / sqrt(depth); the same in each run. */
function weights(name: string, dims: readonly number[], depth: number) {
  let state = elementCount(dims)
  const data = Float32Array.from({ length: elementCount(dims) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 31 - 1) * Math.sqrt(3 / depth)
  })
  return makeTensor(name, DataType.FLOAT, dims, data)
}
