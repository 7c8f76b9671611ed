// What a machine lacks for a while: memory, open files. A failure for want of them says nothing about the data at hand, so it never counts as a
// bad sample: it is tried again, and then ends the run, which can be resumed.

import { setTimeout as wait } from 'node:timers/promises'
import { messageOf, SquireError } from './errors.js'

const codes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'ERR_WORKER_OUT_OF_MEMORY'])
/** How V8, the C++ library, the runtime and libvips say that there is no memory. */
const texts = /array buffer allocation failed|bad_alloc|failed to allocate memory|out of memory|cannot allocate memory/i

/** Milliseconds before each further try. */
const PAUSES_MS = [20, 100, 500, 1500]

export function isShortage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (('code' in at && codes.has(at.code)) || texts.test(at.message)) return true
  }
  return false
}

/** `what` names the work in the error. */
export function shortage(what: string, cause: unknown): SquireError {
  return new SquireError(
    'SHORTAGE',
    `${what}: ${messageOf(cause)}. The machine lacks memory or open files: give it more (\`ulimit -n\`), or use fewer workers (-cn).`,
    { cause },
  )
}

/** Tries again while the machine lacks something. @throws SquireError SHORTAGE when it goes on to; what else `work` throws */
export async function patiently<T>(what: string, work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isShortage(error)) throw error
      if (tries === PAUSES_MS.length) throw shortage(what, error)
      await wait(PAUSES_MS[tries])
    }
  }
}
