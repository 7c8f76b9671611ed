// A lock that the threads of a process share, for work that takes much memory for a moment.

import { setTimeout } from 'node:timers/promises'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** Under this name threads find the shared number: 1 while one of them has the lock, else 0. */
const NAME = 'squire.lock'

/** A thread that has not given the lock back by then may have died: to go on without it costs no more than memory. */
const MOST_MILLISECONDS = 2000
const POLL_MILLISECONDS = 5

/** For the threads that start from now on. */
export function shareLock(): void {
  setEnvironmentData(NAME, new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** Does the work while no other thread has the lock, or at last without it. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const shared = getEnvironmentData(NAME)
  if (!(shared instanceof SharedArrayBuffer)) return work()
  const lock = new Int32Array(shared)
  const isMine = await acquire(lock)
  try {
    return await work()
  } finally {
    if (isMine) Atomics.store(lock, 0, 0)
  }
}

async function acquire(lock: Int32Array): Promise<boolean> {
  const end = performance.now() + MOST_MILLISECONDS
  // Atomics.wait would stop this thread, which may itself have the lock for another model.
  while (performance.now() < end) {
    if (Atomics.compareExchange(lock, 0, 0, 1) === 0) return true
    await setTimeout(POLL_MILLISECONDS)
  }
  return false
}
