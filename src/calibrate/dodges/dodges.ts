// Three ways around what the runtime does in vain when tensors are observed. Each is tried on the model and left out where it does not give the
// same; SQUIRE_DODGES says which are tried at all, for the day when one of them is suspected.

import { SquireError } from '../../errors.js'

/**
 * - `uncopied`: outputs are not copied into new arrays.
 * - `blocked`: convolutions' outputs stay in the order that the runtime holds them in.
 * - `stack`: small models run several samples in a forward pass.
 */
export const allDodges = ['uncopied', 'blocked', 'stack'] as const

export type Dodge = (typeof allDodges)[number]

/** Those that SQUIRE_DODGES names, with commas between them, or none for `none`; without it all. */
export function dodgesInUse(named: string | undefined = process.env.SQUIRE_DODGES): readonly Dodge[] {
  if (named === undefined) return allDodges
  if (named === 'none') return []
  const names = named.split(',')
  const unknown = names.find((name) => !allDodges.some((dodge) => dodge === name))
  if (unknown === undefined) return allDodges.filter((dodge) => names.includes(dodge))
  throw new SquireError(
    'CONFIG',
    `SQUIRE_DODGES has "${unknown}": expected none, or some of ${allDodges.join(', ')} with commas between them`,
  )
}
