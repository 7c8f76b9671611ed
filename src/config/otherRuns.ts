// Options that the run at hand does not read: they are for other kinds of runs. On the command line such an option is told of, because whoever
// wrote it expects something of it; a file's keys may serve several runs.

import type { ConfigOptions } from './config.js'
import { flatten, type Option } from './option.js'
import { options } from './options/index.js'
import type { RunMode } from './options/words.js'

export function isReadBy(run: RunMode, { runs }: Pick<Option, 'runs'>): boolean {
  return runs === undefined || runs.includes(run)
}

/** What to say of options, named as the user wrote them; undefined where there are none. */
export function notRead(run: RunMode, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  return `--run-mode (-r) ${run} does not use ${names.join(', ')}`
}

/** What to say of options that a caller of the library gave; undefined where the run reads all of them. */
export function notReadOf(run: RunMode, given: Partial<ConfigOptions>): string | undefined {
  const unread = flatten(options).filter(
    ([key, option]) => !isReadBy(run, option) && given[key as keyof typeof given] !== undefined,
  )
  return notRead(
    run,
    unread.map(([, { long }]) => `--${long}`),
  )
}
