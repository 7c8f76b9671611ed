// Knight's command line in commander's terms: several-letter short flags (-qm kl mse, -i=5) become long ones.
// Unknown and refused names and missing values are errors here, so that what commander sees is well formed.

import { nearest } from '../config/nearest.js'
import { SquireError } from '../errors.js'
import { display, type Flag, type Flags } from './flags.js'

/** Whether a word is an option and not a value: a negative number is a value. */
export function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && !/^-[\d.]/.test(word)
}

/** The same words with long names only, and no `--name=value`: ['-qm=kl', 'mse'] -> ['--quant-mode', 'kl', 'mse']. */
export function translate(argv: readonly string[], flags: Flags): string[] {
  const words: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!
    if (!isOption(word)) words.push(word)
    else {
      const { long, inline, flag } = readOption(word, argv[at + 1], flags)
      words.push(`--${long}`, ...inline)
      if (flag.value.form !== 'repeated') continue
      // Each mention of a repeated option is one value: its words stay together.
      const values = [...inline]
      while (at + 1 < argv.length && !isOption(argv[at + 1]!)) values.push(argv[++at]!)
      words.splice(words.length - inline.length, inline.length, values.join(' '))
    }
  }
  return words
}

function readOption(word: string, next: string | undefined, flags: Flags) {
  const equals = word.indexOf('=')
  const written = equals < 0 ? word : word.slice(0, equals)
  const inline = equals < 0 ? [] : [word.slice(equals + 1)]
  const long = flags.written.get(written)
  if (long === undefined) throw unknownOption(written, flags)
  const foreign = flags.foreign[long]
  if (foreign !== undefined) throw new SquireError('USAGE', `${display({ long, ...foreign })} ${foreign.why}`)
  const flag = flags.byLong.get(long)!
  refuseMissing(flag, inline, next)
  return { long, inline, flag }
}

function refuseMissing(flag: Flag, inline: readonly string[], next: string | undefined): void {
  if (flag.value.form === 'switch') {
    if (inline.length > 0) throw new SquireError('USAGE', `${display(flag)} takes no value, got "${inline[0]}"`)
  } else if (inline.length === 0 && (next === undefined || isOption(next))) {
    throw new SquireError('USAGE', `${display(flag)} needs a value: ${flag.value.expected}`)
  }
}

function unknownOption(written: string, { written: known }: Flags): SquireError {
  const near = nearest(written, known.keys())
  const hint = near === undefined ? 'see `squire --help` for all options' : `did you mean ${near}?`
  return new SquireError('USAGE', `unknown option ${written}; ${hint}`)
}
