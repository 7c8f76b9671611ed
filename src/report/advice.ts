// What the vendor's FAQ advises, said where a run shows the case.

import type { RunResult } from './types.js'

/** Below this a classifier's classes are hardly covered. */
const FEW_SAMPLES = 100

/** Lines for the end of a run. `samples`: how many the last calibration took. */
export function adviceLines({ results }: RunResult, samples: number): string[] {
  const lines: string[] = []
  const modes = new Set(results.map(({ mode }) => mode))
  const best = results[0]
  const unsure = best?.loss === undefined || best.loss > 1
  if (unsure && modes.size === 1 && modes.has('kl')) {
    lines.push(
      'Advice: kl, as published, clips some tensors (hard-swish, long tails) too early; try -qm kl_v2 mse, or all.',
    )
  } else if (unsure && modes.size === 1) {
    lines.push('Advice: at 8 bit try kl_v2, kl and mse first; -qm all tries every mode in one pass over the data.')
  }
  if (samples < FEW_SAMPLES) {
    lines.push(
      `Advice: calibrated on ${samples === 1 ? '1 sample' : `${samples} samples`}. Usual are 500 to 1000 images that cover every class, ` +
        'or about 100 utterances; min_max needs the least.',
    )
  }
  return lines
}
