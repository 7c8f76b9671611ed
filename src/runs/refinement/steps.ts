// The steps of a refinement, each judged by the outputs on samples that it was not fitted to: it is taken back unless it makes
// them better beyond chance.

import type { Refinement } from '../../config/config.js'
import type { HeldSample } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import type { RefinementStep } from '../../report/types.js'
import { refineBiases } from './biases.js'
import { gainOf, sum } from './guard.js'
import { type Fits, type Halves, mapFits } from './held.js'
import { decibelsOf, noiseOfSamples } from './judge.js'
import type { Refining } from './operators.js'
import type { PassSetting } from './passes.js'
import { refineWeights, weightPasses } from './weights.js'

export interface RefinedModel extends Refining {
  readonly steps: readonly RefinementStep[]
}

const refiners = { weights: refineWeights, biases: refineBiases }

export function stepsOf(level: Refinement): readonly RefinementStep['step'][] {
  if (level === 'none') return []
  return level === 'best' ? ['weights', 'biases'] : ['biases']
}

/** Passes over all held samples. */
export function passesOf(level: Refinement, plan: Plan): number {
  return stepsOf(level).reduce((sum, step) => sum + (step === 'weights' ? weightPasses(plan) : 1), 0)
}

/** @param solve the integers that follow from a plan */
export async function refineModel(
  level: Refinement,
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  start: Refining,
  solve: (plan: Plan) => FixedPointModel,
): Promise<RefinedModel> {
  let best = { halves: [start, start], all: start } satisfies Fits<Refining> as Fits<Refining>
  let noise = await crossJudged(setting, samples, best)
  const steps: RefinementStep[] = []
  for (const step of stepsOf(level)) {
    const plans = await refiners[step](setting, samples, best)
    const made = attempted(() => mapFits(plans, (plan) => ({ plan, fixed: solve(plan) })))
    const after = made && (await crossJudged(setting, samples, made))
    const gain = after && gainOf(noise, after)
    const kept = gain?.kept === true
    const inDecibels = (noise: readonly number[] | undefined) => noise && decibelsOf(sum(noise))
    steps.push({
      ...{ step, before: inDecibels(noise), after: inDecibels(after) },
      ...{ significance: gain?.significance, kept },
    })
    if (kept) [best, noise] = [made!, after!]
  }
  return { ...best.all, steps }
}

/** What each half of the samples says of the model that was fitted to the other. */
function crossJudged(setting: PassSetting, [first, second]: Halves<readonly HeldSample[]>, { halves }: Fits<Refining>) {
  return noiseOfSamples(setting, [
    { fixed: halves[1].fixed, samples: first },
    { fixed: halves[0].fixed, samples: second },
  ])
}

/** undefined where the chip cannot compute with what a step made. */
function attempted<T>(solve: () => T): T | undefined {
  try {
    return solve()
  } catch (error) {
    if (error instanceof SquireError && error.code === 'FIXED_POINT') return undefined
    throw error
  }
}
