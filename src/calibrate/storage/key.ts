// What statistics belong to, in words. They are used again only where all of it is the same.

/** Name -> value, as in "model" -> its hash. */
export type Key = Readonly<Record<string, string>>

/** How what was found differs from this run: nothing, or one clause for each difference. */
export function differences(found: Readonly<Record<string, string | undefined>>, expected: Key): string[] {
  return Object.entries(expected).flatMap(([name, value]) =>
    found[name] === value ? [] : [`its ${name} is ${shown(found[name])}, this run's is ${shown(value)}`],
  )
}

function shown(value: string | undefined): string {
  if (value === undefined || value === '') return 'not recorded'
  return /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 12)}…` : value
}
