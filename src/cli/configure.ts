// From the words of the command line, and the JSON file that they may name, to one Config.

import { type Config, type ConfigOptions, makeConfig } from '../config/config.js'
import { foreign, frameworkAdvice } from '../config/foreign.js'
import { nested } from '../config/longNames.js'
import { nearest } from '../config/nearest.js'
import { flatten, type Option } from '../config/option.js'
import { options } from '../config/options/index.js'
import type { RunMode } from '../config/options/words.js'
import { isReadBy, notRead } from '../config/otherRuns.js'
import { type RunConfig, readRunConfig } from '../config/runConfig.js'
import { SquireError } from '../errors.js'
import { display, flagsOf, ownOptions } from './flags.js'
import { parseCommandLine, type Written } from './program.js'

export const quantOptions = { ...options, ...ownOptions }
export const quantFlags = flagsOf(quantOptions, foreign)

export interface Configured {
  readonly config: Config
  /** What the user should know of the configuration: notes of its file, and warnings of the command line. */
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

const byLong: ReadonlyMap<string, Option> = new Map(flatten(options).map(([, option]) => [option.long, option]))

const example = 'squire quant -m model.onnx -d images/ -i 100 -s out'

/** Reads the words after `squire`. @throws SquireError USAGE for words that squire does not know, CONFIG for options that it does not run */
export async function configure(argv: readonly string[]): Promise<Configured> {
  const { operands, written } = parseCommandLine(argv, quantFlags)
  checkCommand(operands)
  const file = written.get('run-config') as string | undefined
  const fromFile = file === undefined ? undefined : await readRunConfig(file)
  const own: ReadonlySet<string> = new Set(flatten(ownOptions).map(([, { long }]) => long))
  const asked = new Map([...written].filter(([long]) => !own.has(long)))
  const run = (asked.get('run-mode') ?? fromFile?.options.get('run-mode') ?? options.runMode.fallback) as RunMode
  const isRead = ([long]: [string, unknown]) => isReadBy(run, byLong.get(long)!)
  const byName = new Map([...[...(fromFile?.options ?? [])].filter(isRead), ...asked])
  if (!byName.has('model')) {
    throw new SquireError('USAGE', `the model is missing: give it with --model (-m), as in\n  ${example}`)
  }
  const config = makeConfig(nested(byName) as ConfigOptions, naming(written, fromFile, file))
  const unread = (given: ReadonlyMap<string, unknown> | undefined) =>
    [...(given ?? [])].filter((entry) => !isRead(entry)).map(([long]) => long)
  const warning = notRead(
    run,
    unread(asked).map((long) => display(byLong.get(long)!)),
  )
  return {
    config,
    notes: notesOf(file, fromFile, notRead(run, unread(fromFile?.options))),
    warnings: warning === undefined ? [] : [warning],
  }
}

function notesOf(file: string | undefined, fromFile: RunConfig | undefined, unread: string | undefined): string[] {
  const ignored = fromFile?.ignored ?? []
  return [
    ...(ignored.length === 0 ? [] : [`${file}: ignored ${ignored.join(', ')}; squire reads "quant"`]),
    ...(unread === undefined ? [] : [`${file}: ${unread}`]),
  ]
}

/** An option as the user wrote it: "quant-mode" in a file, else --quant-mode (-qm). */
function naming(written: Written, fromFile: RunConfig | undefined, file: string | undefined) {
  const byKey = new Map(flatten(options))
  return (key: string) => {
    const option = byKey.get(key)
    if (option === undefined) return `option "${key}"`
    const inFile = fromFile?.options.has(option.long) === true && !written.has(option.long)
    return inFile || option.value.form === 'structure' ? `"${option.long}" in ${file}` : display(option)
  }
}

function checkCommand([command, framework, ...rest]: readonly string[]): void {
  if (command === undefined) {
    throw new SquireError('USAGE', `the command is missing: expected "quant", as in\n  ${example}`)
  }
  if (command !== 'quant') {
    throw new SquireError('USAGE', `unknown command "${command}": expected "quant", as in\n  ${example}`)
  }
  if (framework !== undefined && framework !== 'onnx') throw foreignFramework(framework)
  if (rest.length > 0) throw new SquireError('USAGE', `unexpected "${rest[0]}" after \`squire quant ${framework}\``)
}

function foreignFramework(framework: string): SquireError {
  const near = nearest(framework, ['onnx'])
  const isModel = framework.endsWith('.onnx')
  const hint = isModel ? '; the model is given with -m' : near === undefined ? '' : `; did you mean "${near}"?`
  const problem = frameworkAdvice(framework) ?? `expected "onnx", got "${framework}"${hint}`
  return new SquireError('USAGE', `\`squire quant\`: ${problem}`)
}
