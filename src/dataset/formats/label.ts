// Labels in files.

import { SquireError } from '../../errors.js'

/** A class index out of a file. */
export function toLabel(value: unknown): number {
  const label = typeof value === 'bigint' ? Number(value) : value
  if (typeof label === 'number' && Number.isInteger(label)) return label
  throw new SquireError('DATA', `label ${JSON.stringify(String(value))} is not a class index: expected a whole number`)
}
