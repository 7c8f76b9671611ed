// Every failure squire explains: a stable code, a message that says what, where, expected, got and what to do.
// The command line maps a code to an exit status; anything that is not a SquireError is a bug in squire.

import { inspect } from 'node:util'

/** Stable codes, and the exit status the command ends with (2: the command line, 3: the input, 4: the chip, 5: the run). */
export const exitCodes = {
  USAGE: 2,
  CONFIG: 2,
  MODEL: 3,
  UNSUPPORTED: 3,
  DATA: 3,
  USER_SCRIPT: 3,
  STATISTICS: 3,
  CACHE: 3,
  CHECKPOINT: 3,
  PART: 3,
  FIXED_POINT: 4,
  OUTPUT: 5,
  WORKER: 5,
  SHORTAGE: 5,
  INTERRUPTED: 130,
} as const

export type ErrorCode = keyof typeof exitCodes

/** A failure with a cause that the user can act on. Its message is complete: it is printed without a stack trace. */
export class SquireError extends Error {
  override readonly name = 'SquireError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Whether anything thrown is squire's own; a proxy may throw where it is asked. */
export function isSquireError(error: unknown): error is SquireError {
  try {
    return error instanceof SquireError
  } catch {
    return false
  }
}

/** The text of anything thrown, for use inside a message. Scripts throw whatever they like, also what throws when it is looked at. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : inText(error)
  } catch {
    return 'an error that cannot be shown'
  }
}

/** Why a file cannot be read. */
export function fileProblem(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'no such file' : messageOf(error)
}

/** Any value in a message: texts as they are, objects with what is in them. */
export function inText(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}

/** What a library says of bytes that it cannot read. Where it stumbled over them instead, its words are about itself, and say nothing. */
export function complaintOf(error: unknown): string {
  const stumbled = error instanceof TypeError || error instanceof RangeError
  return stumbled || /undefined/.test(messageOf(error)) ? 'its parts contradict each other' : messageOf(error)
}

/** `"a", "b" or "c"`, for messages that list what is allowed; with 'and', for those that list what there is. */
export function listed(values: Iterable<string | number>, word: 'or' | 'and' = 'or'): string {
  const quoted = [...values].map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  const last = quoted.pop() ?? 'nothing'
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${word} ${last}`
}
