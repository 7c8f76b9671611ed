// One run of the command line: what to do for a list of words, and the exit status that it ends with.
// Nothing that is only needed for quantizing is imported before the command line is known to be right.

import { messageOf, SquireError } from '../errors.js'
import { checkStdout } from '../report/console/standardStreams.js'
import { refuseOldNode, squireVersion } from '../version.js'
import { commandOf, commands } from './commands/index.js'
import { explain, statusOf } from './explain.js'
import { print } from './print.js'

/** Runs `squire` with the words after its name. Resolves to the exit status; never rejects. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const status = await runCommand(argv)
    checkStdout()
    return status
  } catch (error) {
    process.stderr.write(`${explain(error, wantsStack(argv))}\n`)
    return statusOf(error)
  }
}

async function runCommand(argv: readonly string[]): Promise<number> {
  requireWorkingFolder()
  // `squire help compare` is what many tools take for `squire compare --help`.
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  const { name, rest } = commandOf(words)
  if (words.length === 0 || words.some((word) => word === '-h' || word === '--help')) {
    const { commandHelp } = await import('./help.js')
    return print(await commandHelp(name))
  }
  if (argv.some((word) => word === '-v' || word === '--version')) return print(`${squireVersion()}\n`)
  refuseOldNode()
  const command = await commands[name]!.load()
  return command.run(rest, commands)
}

/** Every path is made absolute from it. @throws SquireError OUTPUT where somebody has removed it */
function requireWorkingFolder(): void {
  try {
    process.cwd()
  } catch (cause) {
    throw new SquireError('OUTPUT', `the working folder is gone: ${messageOf(cause)}. Change to one that is there.`, {
      cause,
    })
  }
}

/** Whether -l 0 was asked for, known even where the rest of the command line is wrong. */
function wantsStack(argv: readonly string[]): boolean {
  return /(?:^| )(?:-l|--log-level)[ =]0(?: |$)/.test(argv.join(' '))
}
