// Chips that compute in 8 bits, as squire defines them: docs/fixed-point.md says which numbers are the vendor's and which are squire's own.

import type { ChipProfile } from '../types.js'

export function eightBitChip(name: string): ChipProfile {
  return Object.freeze({
    name,
    bitWidths: [8],
    mixesWidths: false,
    accumulators: { 8: { weightBits: 8, accumulatorBits: 32, convsumBits: 16 } },
    wideBits: 16,
    multiplierBits: 16,
    biasBits: 16,
    qRange: [0, 31] as const,
  })
}
