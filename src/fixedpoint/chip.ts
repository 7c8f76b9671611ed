// The chips squire knows, by name.

import { listed, SquireError } from '../errors.js'
import { eightBitChip } from './chips/eightBit.js'
import { sixteenBitChip } from './chips/sixteenBit.js'
import type { Arithmetic, ChipProfile } from './types.js'

/** The vendor's names; an x at the end stands for the letters of a variant. Source: the TS.Knight user guide, V3.5. */
const sixteenBit = ['TX5368x', 'TX5339x', 'TX5335x', 'TX5215x', 'TX5239x', 'TX5336x', 'TX5256x', 'TX5112x'] as const

const profiles: readonly ChipProfile[] = [...['TX5105C', 'TX510x'].map(eightBitChip), ...sixteenBit.map(sixteenBitChip)]

export const chipNames: readonly string[] = profiles.map((profile) => profile.name)

/** The profile of a chip. Throws SquireError USAGE for a name that is not in `chipNames`. */
export function chipProfile(name: string): ChipProfile {
  const profile = profiles.find((candidate) => candidate.name === name)
  if (profile) return profile
  throw new SquireError('USAGE', `Unknown chip "${name}": expected ${listed(chipNames)}.`)
}

/** Throws Error for a width that the chip does not compute in. */
export function arithmeticOf(chip: ChipProfile, inputBits: number): Arithmetic {
  const widths = chip.accumulators[inputBits]
  if (!widths) throw new Error(`${chip.name} does not compute in ${inputBits} bits.`)
  const { multiplierBits, biasBits, qRange } = chip
  return { ...widths, inputBits, multiplierBits, biasBits, qRange }
}
