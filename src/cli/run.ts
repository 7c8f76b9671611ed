// One run of the command line: what to do for a list of words, and the exit status that it ends with.
// Nothing that is only needed for quantizing is imported before the command line is known to be right.

import { exitCodes, messageOf, SquireError } from '../errors.js'
import { squireVersion } from '../version.js'
import { configure } from './configure.js'
import { helpText, parseCommandLine } from './program.js'

/** Exit status of a bug in squire: EX_SOFTWARE of sysexits.h. */
const internalError = 70

/** Runs `squire` with the words after its name. Resolves to the exit status; never rejects. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await runCommand(argv)
  } catch (error) {
    process.stderr.write(`${explain(error, wantsStack(argv))}\n`)
    return error instanceof SquireError ? exitCodes[error.code] : internalError
  }
}

async function runCommand(argv: readonly string[]): Promise<number> {
  if (argv.some((word) => word === '-h' || word === '--help')) return print(helpText())
  if (argv.some((word) => word === '-v' || word === '--version')) return print(`${squireVersion()}\n`)
  const config = configure(parseCommandLine(argv))
  const { engineVariable, supervise } = await import('../supervisor.js')
  const workspace = process.env[engineVariable]
  if (workspace === undefined) return supervise(argv)
  const { runEngine } = await import('./engine.js')
  return runEngine(config, workspace)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

/** A user's mistake is its message; a bug is one line and how to get the rest. */
function explain(error: unknown, withStack: boolean): string {
  const stack = withStack && error instanceof Error ? `\n${error.stack}` : ''
  if (error instanceof SquireError) return `error: ${error.message}${stack}`
  const more = withStack ? '' : ' (-l 0 shows where)'
  return `internal error: ${messageOf(error)}; this is a bug in squire ${squireVersion()}, please report it${more}${stack}`
}

/** Whether -l 0 was asked for, known even where the rest of the command line is wrong. */
function wantsStack(argv: readonly string[]): boolean {
  return /(?:^| )(?:-l|--log-level)[ =]0(?: |$)/.test(argv.join(' '))
}
