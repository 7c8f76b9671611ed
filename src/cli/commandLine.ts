// The options and words of a command that is not quant, read by its own table.

import { nested } from '../config/longNames.js'
import { flatten, type OptionTable, type ValuesOf } from '../config/option.js'
import { readOptions } from '../config/read.js'
import { display, flagsOf } from './flags.js'
import { parseCommandLine } from './program.js'

export interface Read<Table> {
  readonly operands: readonly string[]
  readonly values: ValuesOf<Table>
}

/** @throws SquireError USAGE or CONFIG for what the table does not allow */
export function readCommandLine<const Table extends OptionTable>(argv: readonly string[], table: Table): Read<Table> {
  const { operands, written } = parseCommandLine(argv, flagsOf(table))
  const byKey = new Map(flatten(table))
  const values = readOptions(table, nested(written, table), (key) => display(byKey.get(key)!))
  return { operands, values }
}
