// Gives freed memory back to the system. glibc keeps what is freed inside its heaps until a heap's end is free, and after some sessions of the
// runtime holes are as large as what is in use: hundreds of megabytes for a model of 50.

import { createRequire } from 'node:module'

type Trim = (pad: number) => number

let trim: Trim | null | undefined

/** Returns free pages of all threads' heaps to the system, where the C library is glibc; others do so by themselves. Takes some milliseconds. */
export function trimHeap(): void {
  trim ??= process.platform === 'linux' ? glibcTrim() : null
  trim?.(0)
}

/** Loaded when first needed: a command that runs no model has no use for it. */
function glibcTrim(): Trim | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    return koffi.load('libc.so.6').func('int malloc_trim(size_t pad)')
  } catch {
    // The C library is another one, as musl, or koffi has no build for the processor: runs hold more memory, and are right all the same.
    return null
  }
}
