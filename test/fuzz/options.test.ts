// Options that nobody meant: every flag line, and every object given to the library, becomes a Config or a SquireError that says what is wrong.
// Lines are drawn from the tables of options, so an option is in here from the day it is added. SQUIRE_FUZZ=20000 makes ten times as many cases.

import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readClusterLine } from '../../src/cli/clusterLine.js'
import { readCommandLine } from '../../src/cli/commandLine.js'
import { commandOf, commands } from '../../src/cli/commands/index.js'
import { configure, quantFlags } from '../../src/cli/configure.js'
import { type ConfigOptions, makeConfig } from '../../src/config/config.js'
import { isOption, type Option, type OptionTable } from '../../src/config/option.js'
import { options } from '../../src/config/options/index.js'
import { exitCodes, SquireError } from '../../src/errors.js'

const numRuns = 10 * Number(process.env.SQUIRE_FUZZ ?? 60)

/** Words at which readers of options go wrong. */
const oddWords = [
  '',
  ' ',
  '-',
  '--',
  '-1',
  '0',
  '1e999',
  'NaN',
  '0x10',
  '-i',
  '--model',
  '=',
  'a=b',
  '__proto__',
  'é\0',
  '\x1b[31m',
  '[]',
  '{}',
  'all',
]
const oddValues = [
  null,
  Number.NaN,
  -0,
  2 ** 53,
  Infinity,
  1n,
  Symbol('s'),
  () => 1,
  new Date(0),
  new Map(),
  [[]],
  { length: 3 },
]

const word = fc.oneof(
  fc.constantFrom(...oddWords),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.integer().map(String),
)
const number = fc.oneof(fc.integer({ min: -2, max: 9 }).map(String), fc.double().map(String))

/** The words of an option's value: mostly such as it takes. */
function wordsFor({ value: { form, words } }: Option): fc.Arbitrary<string[]> {
  const one = fc.oneof(
    ...(words === undefined ? [] : [{ arbitrary: fc.constantFrom(...words), weight: 4 }]),
    { arbitrary: number, weight: 3 },
    word,
  )
  if (form === 'switch')
    return fc.oneof(
      { arbitrary: fc.constant<string[]>([]), weight: 9 },
      one.map((text) => [text]),
    )
  return fc.oneof(
    { arbitrary: fc.array(one, { minLength: 1, maxLength: form === 'one' ? 1 : 3 }), weight: 9 },
    fc.array(one, { maxLength: 4 }),
  )
}

/** Up to eight options of a table, by any of their names, among words that belong to none. */
function linesOf(written: ReadonlyMap<string, string>, byLong: ReadonlyMap<string, Option>): fc.Arbitrary<string[]> {
  const mention = fc.constantFrom(...[...written].filter(([, long]) => !everywhere.has(long))).chain(([name, long]) => {
    const option = byLong.get(long)
    const value = option === undefined ? fc.array(word, { maxLength: 2 }) : wordsFor(option)
    return value.map((words) => [name, ...words])
  })
  return fc
    .array(
      fc.oneof(
        { arbitrary: mention, weight: 15 },
        word.map((text) => [text]),
      ),
      { maxLength: 8 },
    )
    .map((mentions) => mentions.flat())
}

/** What ends a command line before it is read (see src/cli/run.ts). */
const everywhere: ReadonlySet<string> = new Set(['help', 'version'])

/** Runs what reads options; whether they were taken. */
async function outcome(read: () => unknown): Promise<boolean> {
  try {
    await read()
    return true
  } catch (error) {
    if (!(error instanceof SquireError)) throw error
    expect(exitCodes[error.code], error.message).toBeOneOf([2, 3, 4])
    // What was given may be undefined; what the message itself says may not.
    expect(error.message).not.toMatch(/(?<!received |got )undefined|\[object Object\]|\[native code\]/)
    return false
  }
}

/** A failure shows the words or options, not the tables that they were drawn from. */
function told<T>(run: fc.RunDetails<[given: T]>): void {
  if (!run.failed) return
  const [given] = run.counterexample ?? []
  const shown = inspect(isDrawn(given) ? given.words : given, { depth: 4 })
  const { stack } = run.errorInstance as Error
  throw new Error(`seed ${run.seed}, path ${run.counterexamplePath}: ${shown}\n${stack}`)
}

function isDrawn(given: unknown): given is { readonly words: unknown } {
  return typeof given === 'object' && given !== null && 'table' in given && 'words' in given
}

async function fuzz<T>(arbitrary: fc.Arbitrary<T>, read: (given: T) => unknown): Promise<void> {
  let taken = 0
  const property = fc.asyncProperty(arbitrary, async (given) => {
    if (await outcome(() => read(given))) taken++
  })
  await fc.assert(property, { numRuns, reporter: told })
  expect(taken).toBeGreaterThan(numRuns / 100)
}

const quantLines = linesOf(quantFlags.written, quantFlags.byLong)

describe('a flag line drawn at random', { timeout: 3_600_000 }, () => {
  test('of quant', () => fuzz(quantLines, (words) => configure(['quant', '-m', 'm.onnx', ...words])))

  test('of cluster', () =>
    fuzz(quantLines, (words) => {
      const { words: again } = readClusterLine(['slurm', '--parts', '3', '-m', 'm.onnx', ...words])
      // What goes on to the machines is what was written here.
      return configure(['quant', ...again])
    }))

  test('of any other command', async () => {
    const names = Object.keys(commands).filter((name) => !['quant', 'cluster', 'calibrate', 'evaluate'].includes(name))
    const tables = await Promise.all(names.map(async (name) => (await commands[name]!.load()).options))
    const given = fc.constantFrom(...tables).chain((table) => quantLines.map((words) => ({ table, words })))
    await fuzz(given, ({ table, words }) => readCommandLine(words, table as OptionTable))
  })

  test('with any first word', () => fuzz(fc.oneof(quantLines, fc.array(word)), commandOf))
})

describe('options of the library drawn at random', { timeout: 3_600_000 }, () => {
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.anything({ maxDepth: 2 }),
    fc.constantFrom(...oddValues),
    number,
    fc.integer({ min: 0, max: 9 }),
  )
  const fitting = ({ value: { words } }: Option) =>
    words === undefined ? value : fc.oneof({ arbitrary: fc.constantFrom(...words), weight: 2 }, value)
  const objectOf = (table: OptionTable): fc.Arbitrary<Record<string, unknown>> =>
    fc
      .subarray(Object.keys(table), { maxLength: Math.min(4, Object.keys(table).length) })
      .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, entryOf(table[key]!)]))))
  const entryOf = (entry: OptionTable[string]): fc.Arbitrary<unknown> =>
    isOption(entry) ? fitting(entry) : fc.oneof(objectOf(entry), value)

  test('are taken or refused', () =>
    fuzz(objectOf(options), (given) => makeConfig({ model: 'm.onnx', ...given } as ConfigOptions)))

  test('that are no object are refused', () =>
    fuzz(fc.oneof(value, fc.constant({ model: 'm.onnx' })), (given) => makeConfig(given as ConfigOptions)))
})
