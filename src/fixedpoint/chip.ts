// The chips squire knows, by name. One data file a chip in chips/.

import { listed, SquireError } from '../errors.js'
import { tx5105c } from './chips/tx5105c.js'
import type { ChipProfile } from './types.js'

const profiles: readonly ChipProfile[] = [tx5105c]

export const chipNames: readonly string[] = profiles.map((profile) => profile.name)

/** The profile of a chip. Throws SquireError USAGE for a name that is not in `chipNames`. */
export function chipProfile(name: string): ChipProfile {
  const profile = profiles.find((candidate) => candidate.name === name)
  if (profile) return profile
  throw new SquireError('USAGE', `Unknown chip "${name}": expected ${listed(chipNames)}.`)
}

/** Throws SquireError USAGE, naming the chip and its widths, for a bit width that the chip does not compute in. */
export function requireBitWidth(chip: ChipProfile, bitWidth: number): void {
  if (chip.bitWidths.includes(bitWidth)) return
  const widths = listed(chip.bitWidths)
  throw new SquireError(
    'USAGE',
    `${chip.name} computes in ${widths} bits, not in ${bitWidth}: choose --bit-width ${widths}.`,
  )
}
