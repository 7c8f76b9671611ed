// Labels in files.

import { SquireError } from '../../errors.js'

/** Labels are held in 32 bits. */
export const MAX_LABEL = 2 ** 31 - 1

/** A class index out of a file. */
export function toLabel(value: unknown): number {
  const label = typeof value === 'bigint' ? Number(value) : value
  if (typeof label === 'number' && Number.isInteger(label) && Math.abs(label) <= MAX_LABEL) return label
  throw new SquireError(
    'DATA',
    `label ${JSON.stringify(String(value))} is not a class index: expected a whole number of at most ${MAX_LABEL}`,
  )
}
