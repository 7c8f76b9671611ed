// Numbers for people.

/** A metric's value: four decimals, as for shares; what would have no digit left then has four of its own. */
export function metricText(value: number | undefined): string {
  if (value === undefined) return '-'
  return value === 0 || Math.abs(value) >= 0.001 ? value.toFixed(4) : value.toPrecision(4)
}
