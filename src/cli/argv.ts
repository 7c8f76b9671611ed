// Knight's command line in commander's terms: several-letter short flags (-qm kl mse, -i=5) become long ones.
// Unknown and refused names and missing values are errors here, so that what commander sees is well formed.

import { SquireError } from '../errors.js'
import { squireVersion } from '../version.js'
import { display, type Flag, flags } from './flags.js'
import { nearest } from './nearest.js'

const table = Object.entries<Flag>(flags)

/** Every way to write an option -> its long name. */
const longNames: ReadonlyMap<string, string> = new Map<string, string>(
  table.flatMap(([long, { short }]) => [
    [`--${long}`, long] as const,
    ...(short === undefined ? [] : [[`-${short}`, long] as const]),
  ]),
)

/** Whether a word is an option and not a value: a negative number is a value. */
function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && !/^-[\d.]/.test(word)
}

/** The same words with long names only, and no `--name=value`: ['-qm=kl', 'mse'] -> ['--quant-mode', 'kl', 'mse']. */
export function translate(argv: readonly string[]): string[] {
  return argv.flatMap((word, at) => (isOption(word) ? translateOption(word, argv[at + 1]) : [word]))
}

function translateOption(word: string, next: string | undefined): string[] {
  const equals = word.indexOf('=')
  const written = equals < 0 ? word : word.slice(0, equals)
  const inline = equals < 0 ? [] : [word.slice(equals + 1)]
  const long = longNames.get(written)
  if (long === undefined) throw unknownOption(written)
  const flag = (flags as Readonly<Record<string, Flag>>)[long]!
  if (flag.kind === 'refused') throw refused(long, flag.why)
  if (flag.kind === 'switch') {
    if (inline.length > 0) throw new SquireError('USAGE', `${display(long)} takes no value, got "${inline[0]}"`)
  } else if (inline.length === 0 && (next === undefined || isOption(next))) {
    throw new SquireError('USAGE', `${display(long)} needs a value: ${flag.value.expected}`)
  }
  return [`--${long}`, ...inline]
}

function refused(long: string, why: string): SquireError {
  const more = why === 'is not supported yet' ? ` by squire ${squireVersion()}; see \`squire --help\` for what is` : ''
  return new SquireError('USAGE', `${display(long)} ${why}${more}`)
}

function unknownOption(written: string): SquireError {
  const near = nearest(written, longNames.keys())
  const allowed = table.filter(([, flag]) => flag.kind !== 'refused').map(([long, { short }]) => spelling(long, short))
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return new SquireError('USAGE', `unknown option ${written}${hint}\nAllowed: ${allowed.join(', ')}`)
}

const spelling = (long: string, short: string | undefined) =>
  short === undefined ? `--${long}` : `-${short} --${long}`
