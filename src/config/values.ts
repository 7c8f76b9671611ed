// The kinds of value an option takes: a valibot schema that reads it from text, JSON or JavaScript, and how --help and error messages describe it.
// The command line gives text, a JSON file either: "8" and 8 are the same, as are "true" and true, or "1 2 3" and [1, 2, 3].

import { resolve } from 'node:path'
import * as v from 'valibot'
import { listed } from '../errors.js'

/** `T` is what the option becomes, `I` what a caller of the library may write. */
export interface Value<T, I = T> {
  readonly schema: v.GenericSchema<unknown, T>
  /** How the command line writes it: a bare flag, one word, several words, or a list of words at each mention. Structures are for JSON only. */
  readonly form: 'switch' | 'one' | 'several' | 'repeated' | 'structure'
  /** The placeholder in --help: "FILE". */
  readonly placeholder: string
  /** Completes "expected ...". */
  readonly expected: string
  /** The words that are allowed, where they can be listed: for suggestions and completion. */
  readonly words?: readonly string[]
  /** Only in the type system: what a caller of the library may write. */
  readonly input?: I
}

/** "True" and "False" are what Python writes of a boolean as text. */
const trueOrFalse = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false', 'True', 'False'])]),
  v.transform((value) => value === true || value === 'true' || value === 'True'),
)

export const flag: Value<boolean> = {
  schema: trueOrFalse,
  form: 'switch',
  placeholder: '',
  expected: 'true or false',
}

export function text(placeholder: string, expected: string): Value<string> {
  return { schema: v.pipe(v.string(), v.nonEmpty()), form: 'one', placeholder, expected }
}

/** A path, made absolute from the working folder. */
export function path(placeholder: string): Value<string> {
  const schema = v.pipe(v.string(), v.nonEmpty(), v.transform(absolute))
  return { schema, form: 'one', placeholder, expected: 'a path' }
}

const absolute = (given: string) => resolve(given)

export function oneOf<const W extends string>(placeholder: string, words: readonly W[]): Value<W> {
  return { schema: v.picklist(words), form: 'one', placeholder, expected: listed(words), words }
}

/** A number as itself or as text. NaN, infinities and empty texts are none. */
const anyNumber = v.union([
  v.pipe(v.number(), v.finite()),
  v.pipe(v.string(), v.regex(/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/), v.transform(Number), v.finite()),
])

export function integer(placeholder: string, low: number, high = Number.MAX_SAFE_INTEGER): Value<number> {
  const expected =
    high === Number.MAX_SAFE_INTEGER ? `an integer of at least ${low}` : `an integer from ${low} to ${high}`
  const schema = v.pipe(anyNumber, v.safeInteger(), v.minValue(low), v.maxValue(high))
  return { schema, form: 'one', placeholder, expected }
}

export function real(placeholder: string, expected: string, allowed: (value: number) => boolean): Value<number> {
  return { schema: v.pipe(anyNumber, v.check(allowed)), form: 'one', placeholder, expected }
}

/** One of a few words, or whatever `other` reads. */
export function either<const W extends string, T, I>(words: readonly W[], other: Value<T, I>): Value<W | T, W | I> {
  return {
    schema: v.union([v.picklist(words), other.schema]),
    form: 'one',
    placeholder: [other.placeholder, ...words].join('|'),
    expected: `${listed(words)} or ${other.expected}`,
    words,
  }
}

/** At least one value; a list, one text with spaces (or commas) in between, or a single value alone. */
export function several<T, I>(item: Value<T, I>): Value<readonly T[], I | readonly I[]> {
  const schema = v.pipe(v.unknown(), v.transform(asList), v.array(item.schema), v.nonEmpty())
  return { ...described(item), schema, form: 'several' }
}

/** Names of a model's tensors, which may have any character: a list is taken as it is, a text alone is one with spaces in between. */
export function names(placeholder: string, expected: string): Value<readonly string[], string | readonly string[]> {
  const words = v.pipe(
    v.string(),
    v.transform((given) => given.split(/\s+/).filter(Boolean)),
  )
  const schema = v.pipe(v.union([words, v.array(v.pipe(v.string(), v.nonEmpty()))]), v.nonEmpty())
  return { schema, form: 'several', placeholder, expected }
}

/** A list of lists: each mention on the command line is one. */
export function repeated<T, I>(item: Value<T, I>): Value<readonly (readonly T[])[], readonly (readonly I[])[]> {
  const mentions = (value: unknown) => (Array.isArray(value) && value.every(isListed) ? value : [value])
  const schema = v.pipe(v.unknown(), v.transform(mentions), v.array(several(item).schema), v.nonEmpty())
  return { ...described(item), schema, form: 'repeated' }
}

/** Whether a mention is a list itself: [[1, 3], [1]] are two, and so are ["1 3", "1 4"]; [1, 3] is one. */
const isListed = (value: unknown) => Array.isArray(value) || (typeof value === 'string' && /\S[\s,]+\S/.test(value))

/** Something of parts, which only JSON and the library can say. `words` are its keys, for suggestions. */
export function structure<T, I = T>(
  schema: v.GenericSchema<unknown, T>,
  expected: string,
  words: readonly string[] = [],
): Value<T, I> {
  return { schema, form: 'structure', placeholder: '', expected, words }
}

/** What `value` reads, made into something else. */
export function mapped<T, I, U>(value: Value<T, I>, map: (read: T) => U): Value<U, I> {
  return { ...described(value), schema: v.pipe(value.schema, v.transform(map)), form: value.form }
}

function described({ placeholder, expected, words }: Value<unknown, unknown>) {
  return { placeholder, expected, ...(words === undefined ? {} : { words }) }
}

function asList(value: unknown): unknown {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => (typeof item === 'string' ? split(item) : [item]))
  return typeof value === 'string' ? split(value) : [value]
}

/** An empty text stays one value, which no schema takes. */
function split(value: string): string[] {
  const words = value.split(/[\s,]+/).filter(Boolean)
  return words.length === 0 ? [value] : words
}
