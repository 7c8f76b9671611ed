// TX5105C as squire defines it: docs/fixed-point.md says which numbers are the vendor's and which are squire's own.

import type { ChipProfile } from '../types.js'

export const tx5105c: ChipProfile = Object.freeze({
  name: 'TX5105C',
  bitWidths: [8],
  mixedWidths: false,
  weightBits: 8,
  wideBits: 16,
  accumulatorBits: 32,
  convsumBits: 16,
  multiplierBits: 16,
  biasBits: 16,
  qRange: [0, 31] as const,
  rounding: 'half_away_from_zero',
})
