// How a failure is told on the command line: its text and its exit status.

import { exitCodes, messageOf, SquireError } from '../errors.js'
import { printable } from '../printable.js'
import { squireVersion } from '../version.js'

/** Exit status of a bug in squire: EX_SOFTWARE of sysexits.h. */
const internalError = 70

/** A user's mistake is its message; a bug is one line and how to get the rest. */
export function explain(error: unknown, withStack: boolean): string {
  const stack = withStack && error instanceof Error ? `\n${error.stack}` : ''
  if (error instanceof SquireError) return printable(`error: ${error.message}${stack}`)
  const more = withStack ? '' : ' (-l 0 shows where)'
  return printable(
    `internal error: ${messageOf(error)}; this is a bug in squire ${squireVersion()}, please report it${more}${stack}`,
  )
}

export function statusOf(error: unknown): number {
  return error instanceof SquireError ? exitCodes[error.code] : internalError
}
