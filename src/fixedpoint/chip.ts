// The chips squire knows, by name.

import { listed, SquireError } from '../errors.js'
import { eightBitChip } from './chips/eightBit.js'
import { sixteenBitChip } from './chips/sixteenBit.js'
import type { Arithmetic, ChipProfile } from './types.js'

/** The vendor's names of families; the x at the end stands for the rest of a chip's own name. Source: the TS.Knight user guide, V3.5. */
const sixteenBit = ['TX5368x', 'TX5339x', 'TX5335x', 'TX5215x', 'TX5239x', 'TX5336x', 'TX5256x', 'TX5112x'] as const

const profiles: readonly ChipProfile[] = [...['TX5105C', 'TX510x'].map(eightBitChip), ...sixteenBit.map(sixteenBitChip)]

export const chipNames: readonly string[] = profiles.map((profile) => profile.name)

/** The profile of a chip, by a name of `chipNames` or a chip's own name that a family's name stands for. Throws SquireError USAGE for others. */
export function chipProfile(name: string): ChipProfile {
  const profile = findProfile(name)
  if (profile) return { ...profile, name }
  throw new SquireError('USAGE', `Unknown chip "${name}": expected ${listed(chipNames)}.`)
}

export function isChip(name: string): boolean {
  return findProfile(name) !== undefined
}

function findProfile(name: string): ChipProfile | undefined {
  return profiles.find((one) => one.name === name) ?? profiles.find((one) => standsFor(one.name, name))
}

/** Whether TX5368x is the family of TX5368A. */
function standsFor(family: string, name: string): boolean {
  const stem = family.slice(0, -1)
  return family.endsWith('x') && name.startsWith(stem) && /^[0-9A-Z]+$/.test(name.slice(stem.length))
}

/** Throws Error for a width that the chip does not compute in. */
export function arithmeticOf(chip: ChipProfile, inputBits: number): Arithmetic {
  const widths = chip.accumulators[inputBits]
  if (!widths) throw new Error(`${chip.name} does not compute in ${inputBits} bits.`)
  const { multiplierBits, biasBits, qRange } = chip
  return { ...widths, inputBits, multiplierBits, biasBits, qRange }
}
