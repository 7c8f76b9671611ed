// Which modes the run has tried for the whole model. Advice to take such a mode would lead to a result that the user already has.

import type { QuantMode } from '../../config/options/words.js'
import type { Findings } from './types.js'

export function isTried(
  { quantizations, options }: Pick<Findings, 'quantizations' | 'options'>,
  mode: QuantMode,
): boolean {
  return areModesTried(options) || quantizations.some((one) => one.mode === mode)
}

/** Whether the run has compared the modes itself: auto_quant finds the mode with the widths. */
export function areModesTried({ modes, runMode }: Findings['options']): boolean {
  return (Array.isArray(modes) && modes.includes('auto')) || runMode === 'auto_quant'
}
