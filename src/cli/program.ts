// Commander, built from a table of options: takes translated words apart and prints --help. It knows no types: the schema reads the words.

import { Command, Option } from 'commander'
import { translate } from './argv.js'
import type { Flag, Flags } from './flags.js'

/** What was written, by the option's long name: true for a switch, words for an option of several, else one word. */
export type Written = ReadonlyMap<string, unknown>

export interface CommandLine {
  /** Words that belong to no option: ["quant", "onnx"]. */
  readonly operands: readonly string[]
  readonly written: Written
}

/** Takes the words after `squire` apart. @throws SquireError USAGE for a name that is not in the table or lacks its value */
export function parseCommandLine(argv: readonly string[], flags: Flags): CommandLine {
  const program = buildProgram(flags, { usage: '', description: '' })
  program.parse(translate(argv, flags), { from: 'user' })
  const byAttribute = program.opts()
  const written = program.options.flatMap((option): [string, unknown][] => {
    const given: unknown = byAttribute[option.attributeName()]
    // Commander takes --no-mre for the opposite of --mre, and gives false where it is written.
    const value = option.negate ? given === false || undefined : given
    return value === undefined ? [] : [[option.name(), value]]
  })
  return { operands: program.args, written: new Map(written) }
}

export interface Described {
  /** What follows `squire`. */
  readonly usage: string
  readonly description: string
}

export function helpText(flags: Flags, described: Described): string {
  return buildProgram(flags, described).helpInformation()
}

function buildProgram(flags: Flags, { usage, description }: Described): Command {
  const flagOf = (option: Option) => flags.byLong.get(option.name())!
  const program = new Command('squire')
    .usage(usage)
    .description(description)
    .argument('[operands...]')
    .helpOption(false)
    .configureHelp({
      optionTerm: (option) => optionTerm(flagOf(option)),
      optionDescription: (option) => optionDescription(flagOf(option)),
      visibleArguments: () => [],
      helpWidth: 110,
      showGlobalOptions: false,
    })
  for (const flag of flags.byLong.values()) program.addOption(commanderOption(flag))
  return program
}

function commanderOption({ long, value, group, help }: Flag): Option {
  const { form, placeholder } = value
  const words = form === 'several' || form === 'repeated' ? ` <${placeholder}...>` : ` <${placeholder}>`
  return new Option(`--${long}${form === 'switch' ? '' : words}`, help).helpGroup(`${group}:`)
}

/** `-qm, --quant-mode MODE...` */
function optionTerm({ long, short, value: { form, placeholder } }: Flag): string {
  const names = short === undefined ? `--${long}` : `-${short}, --${long}`
  if (form === 'switch') return names
  return `${names} ${placeholder}${form === 'one' ? '' : '...'}`
}

/** What the option does, the words it takes and its default. */
function optionDescription({ help, value, fallback, fallbackInWords }: Flag): string {
  const defaults: unknown = fallbackInWords ?? (typeof fallback === 'function' ? fallback() : fallback)
  const more = [
    ...(value.words === undefined ? [] : [value.words.join(', ')]),
    ...(defaults === undefined || defaults === false ? [] : [`default: ${defaults}`]),
  ]
  return more.length === 0 ? help : `${help} (${more.join('; ')})`
}
