// The calibration samples that refinement runs again and again: those that it is fitted to, and those that judge what came of it.

import type { HeldSample } from '../../engine/protocol.js'

export interface Held {
  readonly fitted: readonly HeldSample[]
  readonly judging: readonly HeldSample[]
}

/** Fewer samples than these say too little. */
export const LEAST_HELD = 16

/** Every fourth in the order of the hashes judges: neither position nor time has a say. */
export function splitHeld(samples: readonly HeldSample[]): Held {
  return {
    fitted: samples.filter((_, i) => i % 4 !== 3),
    judging: samples.filter((_, i) => i % 4 === 3),
  }
}

export function sizeOf({ fitted, judging }: Held): number {
  return fitted.length + judging.length
}
