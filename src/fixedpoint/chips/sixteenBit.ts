// Chips that compute in 8 and in 16 bits, mixed in one model or not. In 8 bits they compute as the others do.

import type { ChipProfile } from '../types.js'
import { eightBitChip } from './eightBit.js'

export function sixteenBitChip(name: string): ChipProfile {
  const eight = eightBitChip(name)
  return Object.freeze({
    ...eight,
    bitWidths: [8, 16],
    mixesWidths: true,
    accumulators: {
      ...eight.accumulators,
      16: { weightBits: 16, accumulatorBits: 48, convsumBits: 32 },
    },
  })
}
