// Every failure squire explains: a stable code, a message that says what, where, expected, got and what to do.
// The command line maps a code to an exit status; anything that is not a SquireError is a bug in squire.

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

/** The text of anything thrown, for use inside a message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What a library says of bytes that it cannot read. Where it stumbled over them instead, its words are about itself, and say nothing. */
export function complaintOf(error: unknown): string {
  const stumbled = error instanceof TypeError || error instanceof RangeError
  return stumbled || /undefined/.test(messageOf(error)) ? 'its parts contradict each other' : messageOf(error)
}

/** `"a", "b" or "c"`, for messages that list what is allowed. */
export function listed(values: Iterable<string | number>): string {
  const quoted = [...values].map((value) => (typeof value === 'string' ? `"${value}"` : String(value)))
  const last = quoted.pop() ?? 'nothing'
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`
}
