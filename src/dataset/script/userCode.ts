// Calls of a user's code. What it throws is the user's to mend: the message says what was called and where the code threw.

import { isSquireError, messageOf, SquireError } from '../../errors.js'
import { firstFrame } from './userScript.js'

type Code = 'USER_SCRIPT' | 'DATA'

/** What a call gives. @throws SquireError where it throws */
export function called<T>(what: string, call: () => T, code: Code = 'USER_SCRIPT'): T {
  try {
    return call()
  } catch (cause) {
    throw explained(what, cause, code)
  }
}

/** What a call gives, now or later. @throws SquireError where it throws or rejects */
export async function awaited<T>(what: string, call: () => T | Promise<T>, code: Code = 'USER_SCRIPT'): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw explained(what, cause, code)
  }
}

function explained(what: string, cause: unknown, code: Code): SquireError {
  if (isSquireError(cause)) return cause
  const frame = firstFrame(cause)
  return new SquireError(code, `${what}: ${messageOf(cause)}${frame === undefined ? '' : ` (${frame})`}`, { cause })
}
