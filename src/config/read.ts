// Reads given values by a table of options: the schema of the whole is made of the table's entries, and what it refuses is told by their words.

import * as v from 'valibot'
import { listed, SquireError } from '../errors.js'
import { frameworkAdvice } from './foreign.js'
import { nearest } from './nearest.js'
import { flatten, isOption, type OptionTable, type ValuesOf } from './option.js'
import type { Naming } from './rules.js'

/** What a table's options are, with their defaults. @throws SquireError CONFIG for an unknown key or a value that is not allowed */
export function readOptions<const Table extends OptionTable>(
  table: Table,
  given: unknown,
  name: Naming,
): ValuesOf<Table> {
  const result = v.safeParse(schemaOf(table), given)
  if (result.success) return complete(table, result.output as Values) as ValuesOf<Table>
  throw new SquireError('CONFIG', problem(table, result.issues[0], name))
}

type Values = Readonly<Record<string, unknown>>

/** Every key is there, also of what was not given. */
function complete(table: OptionTable, values: Values): Values {
  const entries = Object.entries(table).map(([key, entry]) => [
    key,
    isOption(entry) ? values[key] : complete(entry, values[key] as Values),
  ])
  return Object.fromEntries(entries)
}

function schemaOf(table: OptionTable): v.GenericSchema {
  const entries = Object.entries(table).map(([key, entry]): [string, v.GenericSchema] => [
    key,
    isOption(entry) ? v.optional(entry.value.schema, entry.fallback) : v.optional(schemaOf(entry), {}),
  ])
  return v.strictObject(Object.fromEntries(entries))
}

function problem(table: OptionTable, issue: v.BaseIssue<unknown>, name: Naming): string {
  const path = (issue.path ?? []).map(({ key }) => String(key))
  const known = flatten(table)
  const [key, option] = known.find(([key]) => key === path[0] || key === path.slice(0, 2).join('.')) ?? []
  if (key !== undefined && option !== undefined) {
    if (option.value.form === 'structure') return `${name(key)}${inside(issue, option.value.words ?? [])}`
    const got = issue.input
    const advice = frameworkAdvice(got)
    if (option.long === 'framework' && advice !== undefined) return `${name(key)}: ${advice}`
    return `${name(key)}: expected ${option.value.expected}, got ${shown(got)}${suggestion(got, option.value.words ?? [])}`
  }
  const group = path[0] !== undefined && path[0] in table ? path[0] : undefined
  if (path.length === 0) return `expected options by name, got ${shown(issue.input)}`
  if (group !== undefined && path.length === 1) {
    return `option "${group}": expected options by name, got ${shown(issue.input)}`
  }
  const unknown = path.join('.')
  return `unknown option "${unknown}"${suggestion(unknown, [...Object.keys(table), ...known.map(([key]) => key)])}`
}

/** What is wrong inside a structure, and where: `, entry 2, "mean": expected ...`. */
function inside(issue: v.BaseIssue<unknown>, words: readonly string[]): string {
  const steps = (issue.path ?? [])
    .slice(1)
    .map(({ key }) => (typeof key === 'number' ? `entry ${key + 1}` : `"${key}"`))
  const place = (some: readonly string[]) => some.map((step) => `, ${step}`).join('')
  if (issue.type !== 'strict_object') return `${place(steps)}: ${issue.message}, got ${shown(issue.input)}`
  if (issue.expected === 'Object')
    return `${place(steps)}: expected an object with keys of ${listed(words)}, got ${shown(issue.input)}`
  if (issue.expected !== 'never') return `${place(steps)}: this key is missing`
  const stranger = String(issue.path?.at(-1)?.key)
  return `${place(steps.slice(0, -1))}: unknown key "${stranger}"${suggestion(stranger, words) || `; expected ${listed(words)}`}`
}

function suggestion(got: unknown, words: readonly string[]): string {
  const near = typeof got === 'string' ? nearest(got, words) : undefined
  return near === undefined || near === got ? '' : `; did you mean "${near}"?`
}

/** A value as the user would write it; the start of a long one. */
function shown(value: unknown): string {
  if (value === undefined) return 'none'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (typeof value === 'function') return 'a function'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
