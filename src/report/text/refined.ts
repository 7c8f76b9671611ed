// What refinement gained, in words: the plain quantization beside the refined one, both on samples that the refinement was not fitted to.

import type { RefinementRecord } from '../types.js'

export interface PlainAndRefined {
  readonly plain: string
  /** With the step that was kept, or the last that was taken back. */
  readonly refined: string
}

export function plainAndRefined({ steps }: RefinementRecord): PlainAndRefined {
  const { before, after, step, significance, kept } = steps.find((one) => one.kept) ?? steps.at(-1)!
  // Without a significance the chip cannot compute what the step made.
  const ratio = significance === undefined ? 'impossible' : decibelText(after)
  return { plain: decibelText(before), refined: `${ratio}, ${step}${kept ? '' : ' taken back'}` }
}

/** A ratio of signal to noise; undefined where there is no noise. */
export function decibelText(decibels: number | undefined): string {
  return decibels === undefined ? 'exact' : `${decibels.toFixed(1)} dB`
}
