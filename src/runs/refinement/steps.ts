// The steps of a refinement, each judged by the outputs on samples that it was not fitted to: it is taken back unless it makes
// them better beyond chance.

import type { Refinement } from '../../config/config.js'
import type { HeldSample } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import { type Means, sumOfMeans } from '../../refine/statistics.js'
import type { RefinementStep } from '../../report/types.js'
import { refineBiases } from './biases.js'
import { gainOf, sum } from './guard.js'
import { type Fits, type Halves, mapFits, ofHalves } from './held.js'
import { decibelsOf, type JudgeSetting, noiseOfSamples } from './judge.js'
import { type Refining, refinableOperators } from './operators.js'
import { gatherMeans, type PassSetting } from './passes.js'
import { References } from './references.js'
import { refineWeights, weightPasses } from './weights.js'

export interface RefinedModel extends Refining {
  readonly steps: readonly RefinementStep[]
}

const stepsOf: Readonly<Record<Refinement, readonly RefinementStep['step'][]>> = {
  none: [],
  fast: ['biases'],
  best: ['weights', 'biases'],
  biases: ['biases'],
  weights: ['weights'],
}

/** Passes over all held samples: of the float model, those that gather Gram matrices, and those that judge the start and every step. */
export function passesOf(level: Refinement, plan: Plan): number {
  const steps = stepsOf[level]
  if (steps.length === 0) return 0
  return 2 + steps.length + (steps.includes('weights') ? weightPasses(plan) : 0)
}

/** @param solve the integers that follow from a plan */
export async function refineModel(
  level: Refinement,
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  start: Refining,
  solve: (plan: Plan) => FixedPointModel,
): Promise<RefinedModel> {
  const judge: JudgeSetting = { ...setting, references: new References() }
  let best: Fits<Refining> = { halves: [start, start], all: start }
  let noise = await crossJudged(judge, samples, best)
  const means = await meansOf(setting, samples, start)
  const steps: RefinementStep[] = []
  for (const step of stepsOf[level]) {
    // Weights that were kept have the biases that go with them.
    if (step === 'biases' && steps.some(({ kept }) => kept)) continue
    const solved = (plans: Fits<Plan>) => mapFits(plans, (plan) => ({ plan, fixed: solve(plan) }))
    const weights = step === 'weights' ? await refineWeights(setting, samples, best) : undefined
    // Other weights have other biases; and which weights a channel gets in the end shows once it is solved.
    const made = attempted(() => solved(refineBiases(weights === undefined ? best : solved(weights), means)))
    const after = made && (await crossJudged(judge, samples, made))
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

/** Of what the operators read in the float model: the same whatever has been refined. */
async function meansOf(
  setting: PassSetting,
  samples: Halves<readonly HeldSample[]>,
  { plan, fixed }: Refining,
): Promise<Fits<readonly Means[]>> {
  const operators = refinableOperators(plan)
  const halves = await ofHalves(samples, (half) => gatherMeans(setting, { plan, fixed, operators, samples: half }))
  return { halves, all: halves[0].map((one, i) => sumOfMeans(one, halves[1][i]!)) }
}

/** What each half of the samples says of the model that was fitted to the other. */
function crossJudged(
  setting: JudgeSetting,
  [first, second]: Halves<readonly HeldSample[]>,
  { halves: [ofFirst, ofSecond] }: Fits<Refining>,
) {
  const trials =
    ofFirst === ofSecond
      ? [{ fixed: ofFirst.fixed, samples: [...first, ...second] }]
      : [
          { fixed: ofSecond.fixed, samples: first },
          { fixed: ofFirst.fixed, samples: second },
        ]
  return noiseOfSamples(setting, trials)
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
