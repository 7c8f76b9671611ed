// Commander, built from the flag table: parses translated words and prints --help.

import { Command, Option } from 'commander'
import { SquireError } from '../errors.js'
import { translate } from './argv.js'
import { display, type Flag, type FlagValues, flags } from './flags.js'
import { nearest } from './nearest.js'
import type { Value } from './values.js'

export interface CommandLine {
  /** Words that belong to no option: ["quant", "onnx"]. */
  readonly operands: readonly string[]
  readonly values: FlagValues
}

const table = Object.entries<Flag>(flags)

/** Reads the words after `squire`. Throws a USAGE error for what the table does not allow. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const program = buildProgram()
  program.parse(translate(argv), { from: 'user' })
  const byAttribute = program.opts()
  const values = program.options.map((option) => [option.name(), byAttribute[option.attributeName()]])
  return { operands: program.args, values: Object.fromEntries(values) as FlagValues }
}

export function helpText(): string {
  return buildProgram().helpInformation() + afterHelp()
}

function buildProgram(): Command {
  const program = new Command('squire')
    .usage('[--chip NAME] quant [onnx] -m model.onnx [options]')
    .description('Quantizes an ONNX model for an edge chip. Same model, samples and options: same bytes, always.')
    .argument('[operands...]')
    .helpOption(false)
    .configureHelp({
      optionTerm,
      optionDescription,
      visibleArguments: () => [],
      helpWidth: 110,
      showGlobalOptions: false,
    })
  for (const [long, flag] of table) if (flag.kind !== 'refused') program.addOption(commanderOption(long, flag))
  return program
}

function commanderOption(long: string, flag: Exclude<Flag, { kind: 'refused' }>): Option {
  if (flag.kind === 'switch') return new Option(`--${long}`, flag.help).default(false).helpGroup(`${flag.group}:`)
  const dots = flag.kind === 'several' ? '...' : ''
  const option = new Option(`--${long} <${flag.value.placeholder}${dots}>`, flag.help).helpGroup(`${flag.group}:`)
  if (flag.fallback !== undefined) option.default(flag.fallback)
  return option.argParser((word, before: unknown) => {
    const value = parseValue(long, flag.value, word)
    if (flag.kind === 'one') return value
    return before === flag.fallback ? [value] : [...(before as unknown[]), value]
  })
}

function parseValue(long: string, value: Value<unknown>, word: string): unknown {
  const parsed = value.parse(word)
  if (parsed !== undefined) return parsed
  const near = nearest(word, value.words ?? [])
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  throw new SquireError('USAGE', `${display(long)}: expected ${value.expected}, got "${word}"${hint}`)
}

/** `-qm, --quant-mode MODE...` */
function optionTerm(option: Option): string {
  const flag: Flag = flags[option.name() as keyof typeof flags]
  const short = flag.short === undefined ? '' : `-${flag.short}, `
  return flag.kind === 'switch' || flag.kind === 'refused'
    ? `${short}--${option.name()}`
    : `${short}--${option.name()} ${flag.value.placeholder}${flag.kind === 'several' ? '...' : ''}`
}

/** What the option does, the words it takes and its default. */
function optionDescription(option: Option): string {
  const flag: Flag = flags[option.name() as keyof typeof flags]
  if (flag.kind === 'switch' || flag.kind === 'refused') return option.description
  const words = flag.value.words === undefined ? [] : [flag.value.words.join(', ')]
  const fallback = flag.fallback === undefined ? [] : [`default: ${flag.fallback}`]
  const more = [...words, ...fallback].join('; ')
  return more === '' ? option.description : `${option.description} (${more})`
}

function afterHelp(): string {
  const refused = table.flatMap(([long, flag]) =>
    flag.kind === 'refused' ? [flag.short === undefined ? `--${long}` : `-${flag.short}`] : [],
  )
  return `
Examples:
  squire quant -m model.onnx -d images/ -i 500 -qm all -s out
  squire --chip TX5105C quant onnx -m model.onnx -uds data.mjs -if photos -i 100 --eval-iteration all
  squire quant -r infer -m out/model_quantize.onnx -uds data.mjs -if photos -i all

Options of Knight's that this version refuses; using one tells why:
  ${refused.join(' ')}
`
}
