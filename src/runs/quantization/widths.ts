// In how many bits each operator computes: as a mixed configuration says, else as the run.

import type { Config } from '../../config/config.js'
import { choiceOf, type MixConfig, readMix } from '../../config/mix.js'
import { chipProfile } from '../../fixedpoint/chip.js'
import type { PlanOptions } from '../../plan/options.js'

/** What --mix-config asks for, if anything. @throws SquireError CONFIG */
export async function mixOf({ mixConfig, chip, bitWidth }: Config): Promise<MixConfig | undefined> {
  return mixConfig === undefined ? undefined : readMix(mixConfig, chipProfile(chip), bitWidth)
}

export function planOptions({ chip, bitWidth, unifyInputScale }: Config, mix: MixConfig | undefined): PlanOptions {
  return {
    chip: chipProfile(chip),
    bitsOf: (operator) => (mix && choiceOf(mix, operator)?.['bit-width']) ?? bitWidth,
    unifyInputs: unifyInputScale,
  }
}
