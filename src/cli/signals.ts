// What a signal does to the engine process: SIGINT and SIGTERM stop the run, and the engine never outlives its supervisor.

import { Worker } from 'node:worker_threads'
import { exitCodes } from '../errors.js'

/** A run that has not stopped this long after a signal never will: user code or a model does not end. */
const STOP_MS = 10_000

const STUCK =
  'squire: interrupted; code of yours, or the model, does not end. ' +
  'Repeat the command with --resume to go on from the last checkpoint, where there is one.\n'

/** A signal this long after the first is impatience; sooner it is the same one, from the terminal and from the supervisor. */
const REPEAT_MS = 1000

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
      // The supervisor ends an engine that does not answer.
      process.send?.({ ending: true })
      controller.abort()
      setTimeout(() => {
        process.stderr.write(STUCK)
        leave(status)
      }, STOP_MS).unref()
    } else if (performance.now() - since > REPEAT_MS) leave(status)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  if (process.send !== undefined) dieWithSupervisor()
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

/** Milliseconds between two looks at who our parent is. */
const LOOK_MS = 500

/**
 * Without its supervisor a run would go on unseen, and clash with the one that resumes it. This thread may be busy for ever, in a user's script
 * or inside the runtime, so another one watches: a process whose parent has died gets a new one.
 */
function dieWithSupervisor(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  const watch = `
    const { ppid } = process
    setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, 'SIGKILL') }, ${LOOK_MS})`
  new Worker(watch, { eval: true, stdout: false, resourceLimits: { maxOldGenerationSizeMb: 16 } }).unref()
}
