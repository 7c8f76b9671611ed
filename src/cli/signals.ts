// What a signal does to the engine process: SIGINT and SIGTERM stop the run, and the engine never outlives its supervisor.

import { exitCodes } from '../errors.js'

/** A signal this long after the first is impatience; sooner it is the same one, from the terminal and from the supervisor. */
const repeatMilliseconds = 1000

export interface Interrupt {
  /** Aborted by the first signal: the run stops between two forward passes. */
  readonly signal: AbortSignal
  /** Ends this process now; default: with the status of the signal that came. */
  leave(status?: number): number
}

export function listenForSignals(): Interrupt {
  const controller = new AbortController()
  let status: number = exitCodes.INTERRUPTED
  let since = 0
  const stop = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      since = performance.now()
      status = name === 'SIGTERM' ? 143 : exitCodes.INTERRUPTED
      controller.abort()
    } else if (performance.now() - since > repeatMilliseconds) leave(status)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // Without its supervisor a run would go on unseen, and clash with the one that resumes it. The listener must not keep us alive.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel?.unref()
  return { signal: controller.signal, leave: (other) => leave(other ?? status) }
}

/**
 * Threads may be inside a forward pass: an orderly exit would wait for them or abort. So the supervisor is told the status, ends with it,
 * and this process kills itself.
 */
function leave(status: number): number {
  if (process.send === undefined) process.exit(status)
  process.send({ exitStatus: status }, () => process.kill(process.pid, 'SIGKILL'))
  return status
}
