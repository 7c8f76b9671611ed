// Collects garbage now. V8 decides when by its own heap, which is small: files and weights lie in buffers outside of it, and what is left of one
// stage would stay through the next, hundreds of megabytes beside what the workers need.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { trimHeap } from './trim.js'

/** Buffers that together take less are not worth it. */
const LEAST_BYTES = 2 ** 26

/** Bytes of a worker's arrays from which on those that a forward pass or a task has left are collected. */
export const LEAST_WORKER_BYTES = 2 ** 24

let collect: (() => void) | undefined

/** Frees what nothing refers to any more, where there may be much of it: for moments when no result is waited for. */
export function collectGarbage(): void {
  collectArrays(LEAST_BYTES)
  trimHeap()
}

/** Frees arrays that nothing refers to any more, where this thread's arrays take at least so many bytes. Takes some milliseconds. */
export function collectArrays(leastBytes: number): void {
  if (process.memoryUsage().arrayBuffers < leastBytes) return
  collect ??= exposed()
  collect()
}

/** V8's own function, which a context made after the flag was set has. */
function exposed(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}
