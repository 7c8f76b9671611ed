// What `squire --help` and `squire COMMAND --help` print.

import { commands } from './commands/index.js'
import type { Command } from './commands/types.js'
import { flagsOf } from './flags.js'
import { helpText } from './program.js'

/** The options of a command; for quant, which is squire's own, the other commands as well. */
export async function commandHelp(name: string): Promise<string> {
  const command: Command = await commands[name]!.load()
  const options = helpText(flagsOf(command.options), command)
  return options + (name === 'quant' ? otherCommands() : '') + (command.epilogue ?? '')
}

function otherCommands(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  return `\nCommands (squire COMMAND --help):\n${lines.join('\n')}\n`
}
