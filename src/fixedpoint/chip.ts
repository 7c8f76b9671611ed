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
