// What refinement gained, in words: the plain quantization beside the refined one, both on samples that the refinement was not fitted to.

import type { RefinementRecord } from './types.js'

export interface PlainAndRefined {
  readonly plain: string
  /** With the step that was kept. */
  readonly refined: string
}

export function plainAndRefined({ steps }: RefinementRecord): PlainAndRefined {
  const kept = steps.find((step) => step.kept)
  return {
    plain: decibelText(steps[0]?.before),
    refined: kept === undefined ? 'taken back' : `${decibelText(kept.after)}, ${kept.step}`,
  }
}

/** A ratio of signal to noise; undefined where there is no noise. */
export function decibelText(decibels: number | undefined): string {
  return decibels === undefined ? 'exact' : `${decibels.toFixed(1)} dB`
}
