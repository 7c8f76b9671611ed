// Numbers as a report shows them.

const DIGITS = 6

/** Rounded to six digits: enough for people, and little to store. */
export function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS))
}
