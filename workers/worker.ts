// The worker's entry: answers one task at a time. A failure that squire can explain is an answer, not an exception.

import type { ForwardAnswer, LoadAnswer, SamplesAnswer, SolveAnswer, Task } from '../src/engine/protocol.js'
import { SquireError } from '../src/errors.js'

export default async function work(task: Task): Promise<SamplesAnswer | LoadAnswer | ForwardAnswer | SolveAnswer> {
  try {
    // Imported when first needed: a worker that solves thresholds has no use for the runtime, and none for sharp without images.
    switch (task.kind) {
      case 'samples':
        return await (await import('./samples.js')).runSamples(task)
      case 'load':
        return await (await import('./load.js')).runLoad(task)
      case 'forward':
        return await (await import('./forward.js')).runForward(task)
      case 'solve':
        return (await import('./solve.js')).runSolve(task)
    }
  } catch (error) {
    if (error instanceof SquireError) return { kind: 'failed', code: error.code, message: error.message }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { kind: 'failed', code: 'WORKER', message: `internal error in a worker: ${text}` }
  }
}
