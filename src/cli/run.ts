// One run of the command line: what to do for a list of words, and the exit status that it ends with.
// Nothing that is only needed for quantizing is imported before the command line is known to be right.

import { refuseOldNode, squireVersion } from '../version.js'
import { configure } from './configure.js'
import { explain, statusOf } from './explain.js'
import { quantHelp } from './help.js'

/** Runs `squire` with the words after its name. Resolves to the exit status; never rejects. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    return await runCommand(argv)
  } catch (error) {
    process.stderr.write(`${explain(error, wantsStack(argv))}\n`)
    return statusOf(error)
  }
}

async function runCommand(argv: readonly string[]): Promise<number> {
  if (argv.length === 0 || argv.some((word) => word === '-h' || word === '--help')) return print(quantHelp())
  if (argv.some((word) => word === '-v' || word === '--version')) return print(`${squireVersion()}\n`)
  refuseOldNode()
  const configured = await configure(argv)
  const { engineVariable, supervise } = await import('../supervisor.js')
  const workspace = process.env[engineVariable]
  if (workspace === undefined) return supervise(argv)
  const { runEngine } = await import('./engine.js')
  return runEngine(configured, workspace)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

/** Whether -l 0 was asked for, known even where the rest of the command line is wrong. */
function wantsStack(argv: readonly string[]): boolean {
  return /(?:^| )(?:-l|--log-level)[ =]0(?: |$)/.test(argv.join(' '))
}
