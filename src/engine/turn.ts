// What the threads of a process do one after the other, because of the memory that it takes for a moment.

import { setTimeout } from 'node:timers/promises'
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'

/** Under this name threads find the shared number: 1 while one of them has its turn, else 0. */
const NAME = 'squire.turn'

/** Somebody who has not ended by then may have died: to go on costs no more than memory. */
const MOST_MILLISECONDS = 2000
const POLL_MILLISECONDS = 5

/** For the threads that start from now on. */
export function shareTurn(): void {
  setEnvironmentData(NAME, new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** Does the work when no other thread has its turn, or at last without waiting any longer. */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const shared = getEnvironmentData(NAME)
  if (!(shared instanceof SharedArrayBuffer)) return work()
  const turn = new Int32Array(shared)
  const end = performance.now() + MOST_MILLISECONDS
  // Atomics.wait would stop this thread, which may itself have the turn for another model.
  while (Atomics.compareExchange(turn, 0, 0, 1) !== 0 && performance.now() < end) await setTimeout(POLL_MILLISECONDS)
  try {
    return await work()
  } finally {
    Atomics.store(turn, 0, 0)
  }
}
