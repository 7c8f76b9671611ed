// What a command of squire is.

import type { Foreign } from '../../config/foreign.js'
import type { OptionTable } from '../../config/option.js'

export interface Command {
  /** What follows `squire` in the first line of its help: "compare A.onnx B.onnx [options]". */
  readonly usage: string
  readonly description: string
  /** The words that may follow the command's name, where they can be listed: for completion. */
  readonly operands?: readonly string[]
  /** Its options, from which parsing, help and completion follow. */
  readonly options: OptionTable
  /** Names of Knight's that are errors with a reason. */
  readonly foreign?: Readonly<Record<string, Foreign>>
  /** Text after the options in its help. */
  readonly epilogue?: string
  /** Runs with the words after the command's name, and with all commands at hand; resolves to the exit status. @throws SquireError */
  run(argv: readonly string[], all: Commands): Promise<number>
}

export interface Listed {
  readonly summary: string
  /** A command is loaded only when it is run, or asked for its help. */
  load(): Promise<Command>
}

/** Every command by its name. */
export type Commands = Readonly<Record<string, Listed>>
