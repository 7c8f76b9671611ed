// Messages are written in the words of the command line. The library's callers know options by their keys.

import { flatten } from './option.js'
import { options } from './options/index.js'

const keys: ReadonlyMap<string, string> = new Map(
  flatten(options).flatMap(([key, { long, short }]) => [
    [`--${long}`, key] as const,
    ...(short === undefined ? [] : [[`-${short}`, key] as const]),
  ]),
)

/** `--iteration (-i)`, `--iteration` or `-i` as a word of its own. */
const flagWords = /(?<![\w-])(--?[a-z][a-z0-9-]*)(?: \((-[a-z0-9]+)\))?(?![\w-])/g

/** The same text with `option "iterations"` for `--iteration (-i)`. */
export function inOptions(text: string): string {
  return text.replace(flagWords, (word, flag: string, short: string | undefined) => {
    const key = keys.get(flag)
    if (key === undefined) return word
    return short === undefined || keys.get(short) === key ? `option "${key}"` : `option "${key}" (${short})`
  })
}
