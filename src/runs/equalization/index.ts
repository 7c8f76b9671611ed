// --equalize: the float model with its channels scaled. Half of the samples say how; the other half judges whether the integer model gains.

import { createHash } from 'node:crypto'
import type { Prepared } from '../../calibrate/prepare.js'
import type { Runner } from '../../calibrate/runner.js'
import type { HeldSample } from '../../engine/protocol.js'
import { type Chains, findChains } from '../../equalize/chains.js'
import { type Equalized, equalize } from '../../equalize/equalize.js'
import type { StatisticsOf } from '../../equalize/gain.js'
import { SquireError } from '../../errors.js'
import { chipProfile } from '../../fixedpoint/chip.js'
import type { Model } from '../../onnx/types.js'
import { solveFixedPoint } from '../../plan/solve.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import { type Gain, gainOf, sum } from '../refinement/guard.js'
import { halvesOf, LEAST_HELD } from '../refinement/held.js'
import { decibelsOf, noiseOfSamples } from '../refinement/judge.js'
import type { Setting } from '../run.js'
import { channelStatistics } from './statistics.js'

/** At most so many samples are looked at. */
const SAMPLES = 64

/**
 * What is quantized: `prepared`, or the same model with its channels scaled.
 * @param prepare prepares another model as `prepared` was
 */
export async function equalizeRun(
  setting: Setting,
  runner: Runner,
  prepared: Prepared,
  prepare: (model: Model) => Promise<Prepared>,
): Promise<Prepared> {
  const { reporter } = setting
  const { model, plan } = prepared
  const held = await runner.hold(Math.max(...runner.iterations), prepared.plain)
  if (held.length < LEAST_HELD) {
    const count = `at least ${LEAST_HELD} calibration samples, there are ${held.length}`
    reporter.warn(`--equalize needs ${count}: no channels are scaled. Give a larger -i.`)
    return prepared
  }
  const [fitted, judging] = halvesOf(held.slice(0, SAMPLES))
  const chains = findChains(model.proto, prepared.tensors)
  const statistics = await channelStatistics(setting, model.proto, lookedAt(chains, plan), fitted)
  const equalized = equalize(model.proto, chains, {
    statisticsOf: (name) => statistics.get(name),
    isRounded: (name) => plan.groupOf.has(name),
  })
  const found = `channels scaled in ${equalized.scaled.length} of ${chains.chains.length} chains of tensors`
  if (equalized.scaled.length === 0) {
    reporter.info(found)
    return prepared
  }
  const scaled = await prepare(equalizedModel(model, equalized))
  const judged = await judge(setting, judging, [prepared, scaled], (name) => statistics.get(name), equalized)
  reporter.info(`${found}${promised(equalized)}${judged.kept ? '' : ', and taken back'}: ${judged.inWords}`)
  // Each preparation writes the file of the float model.
  return judged.kept ? scaled : prepare(model)
}

/** In words, how much less noise the scaled chains are predicted to make, on average. */
function promised({ scaled }: Equalized): string {
  const left = sum(scaled.map(({ ratio }) => ratio)) / scaled.length
  return ` with a prediction of ${decibelsOf(left)!.toFixed(1)} dB less noise there`
}

/** The tensors whose statistics are needed: those of chains, those that readers of chains write, and those of scale groups. */
function lookedAt({ chains, linear, index }: Chains, { groupOf }: Plan): readonly string[] {
  const inChains = chains.flatMap(({ tensors }) => [...tensors.keys()])
  const written = inChains
    .flatMap((name) => index.consumers(name).map(({ output }) => output[0]!))
    .filter((name) => linear.has(name))
  return [...new Set([...inChains, ...written, ...groupOf.keys()])]
}

/** The hash tells caches and checkpoints that its statistics are those of another model. */
function equalizedModel(model: Model, { proto, scaled }: Equalized): Model {
  const factors = scaled.map(({ chain, factors: all }) => [[...chain.tensors.keys()], [...all]])
  const hash = createHash('sha256')
    .update(JSON.stringify([model.hash, factors]))
    .digest('hex')
  return { ...model, proto, hash }
}

interface Judged extends Pick<Gain, 'kept'> {
  readonly inWords: string
}

/** Compares both quantized models on one half of the samples, with the largest magnitudes of the other half as thresholds. */
async function judge(
  { config, pool, workspace }: Setting,
  samples: readonly HeldSample[],
  [before, after]: readonly [Prepared, Prepared],
  statisticsOf: StatisticsOf,
  { factorsOf }: Equalized,
): Promise<Judged> {
  const chip = chipProfile(config.chip)
  const solved = ({ plan }: Prepared, isScaled: boolean): FixedPointModel | undefined => {
    const thresholds = plan.groups.map(({ name, tensors }) => {
      const largest = tensors.flatMap((tensor) => {
        const factors = isScaled ? factorsOf.get(tensor) : undefined
        return [...(statisticsOf(tensor)?.largest ?? [])].map((value, c) => value / (factors?.[c] ?? 1))
      })
      return [name, largest.reduce((most, value) => Math.max(most, value), 0) || 1] as const
    })
    try {
      return solveFixedPoint(plan, new Map(thresholds), chip)
    } catch (error) {
      if (error instanceof SquireError && error.code === 'FIXED_POINT') return undefined
      throw error
    }
  }
  const [plain, scaled] = [solved(before, false), solved(after, true)]
  if (plain === undefined || scaled === undefined) return { kept: false, inWords: 'the chip cannot run it' }
  const noise = async ({ staticModel }: Prepared, fixed: FixedPointModel) =>
    noiseOfSamples({ pool, workspace, source: staticModel, onSample: () => {} }, [{ fixed, samples }])
  const [without, using] = [await noise(before, plain), await noise(after, scaled)]
  const { kept } = gainOf(without, using)
  const inWords = [without, using].map((of) => decibelsOf(sum(of))?.toFixed(1) ?? 'no noise').join(' dB, then ')
  return { kept, inWords: `signal to noise at the outputs on ${samples.length} other samples ${inWords} dB` }
}
