// A lock that the threads of a process share, for work that takes much memory for a moment: at most half of them have it at once.

import { setTimeout } from 'node:timers/promises'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** Under this name threads find two shared numbers: how many of them have the lock, and how many may. */
const NAME = 'squire.lock'
const HELD = 0
const MOST = 1

/** A thread that has not given the lock back by then may have died: to go on without it costs no more than memory. */
const MOST_MILLISECONDS = 2000
const POLL_MILLISECONDS = 5

/** For the `threads` that start from now on. One alone of many would be too few: with 16 of them, opening models would take longer than running them. */
export function shareLock(threads: number): void {
  const lock = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  lock[MOST] = Math.max(1, Math.floor(threads / 2))
  setEnvironmentData(NAME, lock.buffer)
}

/** Does the work while it has the lock, or at last without it. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const shared = getEnvironmentData(NAME)
  if (!(shared instanceof SharedArrayBuffer)) return work()
  const lock = new Int32Array(shared)
  const isMine = await acquire(lock)
  try {
    return await work()
  } finally {
    if (isMine) Atomics.sub(lock, HELD, 1)
  }
}

async function acquire(lock: Int32Array): Promise<boolean> {
  const end = performance.now() + MOST_MILLISECONDS
  // Atomics.wait would stop this thread, which may itself have the lock for another model.
  while (performance.now() < end) {
    if (Atomics.add(lock, HELD, 1) < lock[MOST]!) return true
    Atomics.sub(lock, HELD, 1)
    await setTimeout(POLL_MILLISECONDS)
  }
  return false
}
