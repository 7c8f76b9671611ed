// A model calibrated once, for trying one quantization after another on it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatasetRunner } from '../../src/calibrate/dataset/datasetRunner.js'
import { makeObserved } from '../../src/calibrate/observed.js'
import { type Prepared, prepare } from '../../src/calibrate/prepare.js'
import { groupHistogram } from '../../src/calibrate/storage/distribution.js'
import type { QuantMode, Refinement, ZeroPointPolicy } from '../../src/config/config.js'
import { openDataset } from '../../src/dataset/datasets.js'
import { Pool } from '../../src/engine/pool.js'
import type { HeldSample } from '../../src/engine/protocol.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { histogramsOf } from '../../src/histogram/buffer.js'
import { foldZeroPoints } from '../../src/offsets/foldZeroPoints.js'
import { modelInputs, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import type { Model } from '../../src/onnx/types.js'
import { oneWidth } from '../../src/plan/options.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import type { FixedPointModel, Plan } from '../../src/plan/types.js'
import { silentReporter } from '../../src/report/types.js'
import { type NoiseShares, noiseShares } from '../../src/runs/layers/noiseShares.js'
import { type Halves, halvesOf } from '../../src/runs/refinement/held.js'
import { type RefinedModel, refineModel } from '../../src/runs/refinement/steps.js'
import { type GroupHistogram, solveGroups, withoutSign } from '../../src/solve/groups.js'
import type { AccuracyCase } from './cases.js'

export interface Lab {
  readonly prepared: Prepared
  /** What --refine makes of a quantization. */
  refine(quantized: Quantized, level: Refinement): Promise<RefinedModel>
  /** What is quantized, with zero points folded in as asked, and its integers. */
  quantize(mode: QuantMode, policy: ZeroPointPolicy): Promise<Quantized>
  /** Each source's own noise at the outputs with a symmetric quantization, on so many of the calibration samples. */
  shares(mode: QuantMode, samples: number): Promise<NoiseShares>
  close(): Promise<void>
}

export interface Quantized {
  readonly source: Model
  readonly fixed: FixedPointModel
  readonly plan: Plan
  readonly solve: (plan: Plan) => FixedPointModel
  /** Pad nodes that zero points ask for. */
  readonly pads: number
}

const chip = chipProfile('TX5105C')
const options = oneWidth(chip, 8)

export async function openLab(of: AccuracyCase, threads: number): Promise<Lab> {
  const workspace = await mkdtemp(join(tmpdir(), 'squire-bench-'))
  const pool = new Pool({ threads })
  const source = await readModel(of.model)
  const inputs = modelInputs(source.proto)
  const dataset = await openDataset(of.source, inputs)
  const { model } = await optimize(source)
  const runner = new DatasetRunner({
    pool,
    source: dataset.source,
    dataset,
    inputs,
    selected: Uint32Array.from(of.calibrated),
    listing: '',
    calibrated: [{ iteration: of.calibrated.length, samples: of.calibrated.length }],
    evaluated: undefined,
    onBadSample: 'error',
    store: undefined,
    reporter: silentReporter,
    stop: { buffer: new SharedArrayBuffer(4), signal: new AbortController().signal },
  })
  const prepared = await prepare(model, await runner.firstFeeds(), options, workspace)
  const [observed] = await runner.observe(await makeObserved(prepared, workspace))
  const counted = histogramsOf(observed!.statistics)
  const groups = prepared.plan.groups.map((scaleGroup) => ({
    scaleGroup,
    histogram: groupHistogram(prepared.plan, scaleGroup, counted),
  }))
  const histograms = new Map(groups.map(({ scaleGroup, histogram }) => [scaleGroup.name, histogram]))
  const thresholds = async (mode: QuantMode, of: readonly GroupHistogram[]) =>
    (await solveGroups({ pool, groups: of, modes: [mode], percent: 0.99999 })).get(mode)!
  const quantize = async (mode: QuantMode, policy: ZeroPointPolicy): Promise<Quantized> => {
    const { plan, staticModel } = prepared
    const symmetric = await thresholds(mode, groups)
    const oneSided = await thresholds(mode, withoutSign(groups))
    const request = { plan, thresholds: symmetric, oneSided, histograms, policy, given: undefined, options }
    const folded = foldZeroPoints({ model: staticModel, ...request })
    const quantized = folded ?? { proto: staticModel.proto, plan, thresholds: symmetric, pads: 0 }
    const solve = (planned: Plan) => solveFixedPoint(planned, quantized.thresholds, chip)
    const { proto, pads } = quantized
    return { source: { ...staticModel, proto }, plan: quantized.plan, solve, fixed: solve(quantized.plan), pads }
  }
  let held: Halves<readonly HeldSample[]> | undefined
  const refine = async ({ source, plan, solve, fixed }: Quantized, level: Refinement) => {
    held ??= halvesOf(await runner.hold(of.calibrated.length))
    const passes = { pool, workspace, source, stop: new SharedArrayBuffer(4), onSample: () => {} }
    return refineModel(level, passes, held, { plan, fixed }, solve)
  }
  const shares = async (mode: QuantMode, samples: number) => {
    const fixed = solveFixedPoint(prepared.plan, await thresholds(mode, groups), chip)
    const asked = { runner, workspace, prepared, fixed, iteration: of.calibrated.length }
    return noiseShares({ ...asked, most: samples, title: `noise of ${mode}` })
  }
  const close = async () => {
    await pool.close()
    await runner.close()
    await rm(workspace, { recursive: true, force: true })
  }
  return { prepared, quantize, shares, refine, close }
}
