// What would gain most by more bits, where --noise-shares measured it.

import { chipProfile } from '../../fixedpoint/chip.js'
import { percentText, shortText } from './text.js'
import type { Findings, Rule } from './types.js'

/** A share of the noise that is worth a word. */
const NOTABLE_SHARE = 0.1
const MOST_NAMED = 3

/** Tensors and weights that make much of the noise at the outputs. */
export const noisiest: Rule = (findings) => {
  const [shown] = findings.quantizations
  if (shown?.noise == null) return []
  const { samples, tensors, weights } = shown.noise
  const shares = [
    ...findings.tensors.map(({ name }, i) => ({ tensor: name, what: '', makes: 'makes', noise: tensors[i] ?? 0 })),
    ...findings.operators.map(({ name }, i) => ({
      ...{ tensor: null, what: `The weights of "${name}" `, makes: 'make' },
      noise: weights[i] ?? 0,
    })),
  ]
  const all = shares.reduce((sum, { noise }) => sum + noise, 0)
  return shares
    .filter(({ noise }) => noise > NOTABLE_SHARE * all)
    .sort((a, b) => b.noise - a.noise)
    .slice(0, MOST_NAMED)
    .map(({ tensor, what, makes, noise }) => ({
      tensor,
      text: `${what}${makes} ${percentText(noise / all)} of the noise at the outputs (${shown.mode}).`,
      evidence:
        `On ${samples === 1 ? '1 sample' : `${samples} samples`}, with one thing quantized at a time, signal to noise at the outputs is ${decibels(all)} by all together, ` +
        `and ${decibels(all - noise)} without this one.`,
      next: wider(findings),
    }))
}

function decibels(noise: number): string {
  return noise <= 0 ? 'infinite' : `${shortText(-10 * Math.log10(noise))} dB`
}

/** null on a chip of one width. */
function wider({ options: { chip, runMode } }: Findings): string | null {
  const mixes = typeof chip === 'string' && chipProfile(chip).mixesWidths
  return mixes && runMode !== 'auto_quant' ? '-r auto_quant' : null
}
