// The kinds of value an option may take: how each is written in --help, what is allowed and how it is read.

import { listed } from '../errors.js'

export interface Value<T> {
  /** The placeholder in --help: "FILE". */
  readonly placeholder: string
  /** Completes "expected ...". */
  readonly expected: string
  /** The words that are allowed, where they can be listed: for suggestions. */
  readonly words?: readonly string[]
  /** undefined: not allowed. */
  parse(text: string): T | undefined
}

export function text(placeholder: string, expected: string): Value<string> {
  return { placeholder, expected, parse: (word) => (word === '' ? undefined : word) }
}

export function oneOf<const W extends string>(placeholder: string, words: readonly W[]): Value<W> {
  return { placeholder, expected: listed(words), words, parse: (word) => words.find((allowed) => allowed === word) }
}

export function integer(placeholder: string, low: number, high = Number.MAX_SAFE_INTEGER): Value<number> {
  const expected =
    high === Number.MAX_SAFE_INTEGER ? `an integer of at least ${low}` : `an integer from ${low} to ${high}`
  const parse = (word: string) => {
    const value = Number(word)
    return /^-?\d+$/.test(word) && value >= low && value <= high ? value : undefined
  }
  return { placeholder, expected, parse }
}

export function real(placeholder: string, expected: string, allowed: (value: number) => boolean): Value<number> {
  const parse = (word: string) => {
    const value = Number(word)
    return word.trim() !== '' && Number.isFinite(value) && allowed(value) ? value : undefined
  }
  return { placeholder, expected, parse }
}

/** One of a few words, or whatever `other` reads. */
export function either<const W extends string, T>(words: readonly W[], other: Value<T>): Value<W | T> {
  return {
    placeholder: [other.placeholder, ...words].join('|'),
    expected: `${listed(words)} or ${other.expected}`,
    parse: (word) => words.find((allowed) => allowed === word) ?? other.parse(word),
  }
}
