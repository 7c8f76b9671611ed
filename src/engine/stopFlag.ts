// How workers learn that a run is interrupted.

import type { StopFlag } from './fold/fold.js'

/** A flag that workers can see, raised when the signal is. */
export function stopFlag(signal: AbortSignal): StopFlag {
  const buffer = new SharedArrayBuffer(4)
  const raise = () => Atomics.store(new Int32Array(buffer), 0, 1)
  if (signal.aborted) raise()
  signal.addEventListener('abort', raise, { once: true })
  return { buffer, signal }
}
