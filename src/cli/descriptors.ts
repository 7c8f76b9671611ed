// How many files this process may have open. Where they run out, Node fails in the middle of loading its own modules, which nobody can explain then.

import { readFileSync } from 'node:fs'
import { SquireError } from '../errors.js'

/** What a run had open at most, measured on Linux: modules while they load, libraries, and what each worker's event loop holds. */
const LEAST = 100
const A_WORKER = 6

/** @throws SquireError SHORTAGE when the system's limit is too low for so many workers */
export function requireDescriptors(workers: number, limit: number = descriptorLimit()): void {
  const needed = LEAST + A_WORKER * workers
  if (limit >= needed) return
  throw new SquireError(
    'SHORTAGE',
    `this shell lets a process open ${limit} files; a run with ${workers} ${workers === 1 ? 'worker' : 'workers'} needs about ${needed}. ` +
      `Raise the limit with \`ulimit -n ${Math.max(1024, needed)}\`${workers > 1 ? ', or use fewer workers (-cn)' : ''}.`,
  )
}

/** The soft limit. Systems that do not tell it have none that is low. */
function descriptorLimit(): number {
  try {
    const line = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return line === null ? Number.POSITIVE_INFINITY : Number(line[1])
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
