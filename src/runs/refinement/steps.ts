// The steps of a refinement, each judged by the outputs on samples that it was not fitted to: one that makes them worse is taken back.

import type { Refinement } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import type { RefinementStep } from '../../report/types.js'
import { refineBiases } from './biases.js'
import type { Held } from './held.js'
import { decibelsOf, outputNoise } from './judge.js'
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
  held: Held,
  start: Refining,
  solve: (plan: Plan) => FixedPointModel,
): Promise<RefinedModel> {
  const judged = { ...setting, samples: held.judging }
  let best = { ...start, noise: await outputNoise(judged, start.fixed) }
  const steps: RefinementStep[] = []
  for (const step of stepsOf(level)) {
    const plan = await refiners[step](setting, held, best)
    const fixed = attempted(() => solve(plan))
    const noise = fixed === undefined ? Number.POSITIVE_INFINITY : await outputNoise(judged, fixed)
    const kept = noise < best.noise
    steps.push({ step, before: decibelsOf(best.noise), after: decibelsOf(noise), kept })
    if (kept && fixed !== undefined) best = { plan, fixed, noise }
  }
  return { plan: best.plan, fixed: best.fixed, steps }
}

/** undefined where the chip cannot compute with what a step made. */
function attempted(solve: () => FixedPointModel): FixedPointModel | undefined {
  try {
    return solve()
  } catch (error) {
    if (error instanceof SquireError && error.code === 'FIXED_POINT') return undefined
    throw error
  }
}
