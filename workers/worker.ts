// The worker's entry: answers one task at a time. A failure that squire can explain is an answer, not an exception.

import type { Answer, Task } from '../src/engine/protocol.js'
import { messageOf, SquireError } from '../src/errors.js'
import { collectArrays } from '../src/garbage.js'
import { trimHeap } from '../src/trim.js'
import { beginTask, endTask } from './idle.js'

/** The kind of the last task. */
let lastKind: Task['kind'] | undefined

export default async function work(task: Task): Promise<Answer> {
  beginTask()
  try {
    if (task.kind !== lastKind) await forgetStage(lastKind)
    lastKind = task.kind
    // Imported when first needed: a worker that solves thresholds has no use for the runtime, and none for sharp without images.
    switch (task.kind) {
      case 'samples':
        return await (await import('./samples.js')).runSamples(task)
      case 'load':
        return await (await import('./load.js')).runLoad(task)
      case 'compareSamples':
        return await (await import('./compare.js')).runCompareSamples(task)
      case 'compareForward':
        return await (await import('./compare.js')).runCompareForward(task)
      case 'forward':
        return await (await import('./forward.js')).runForward(task)
      case 'gather':
        return await (await import('./gather.js')).runGather(task)
      case 'descend':
        return { kind: 'done', ...(await import('../src/refine/descent.js')).descendRows(task.request) }
      case 'solve':
        return (await import('./solve.js')).runSolve(task)
    }
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined
    const trace = stack === undefined ? {} : { stack }
    if (error instanceof SquireError) return { kind: 'failed', code: error.code, message: error.message, ...trace }
    return { kind: 'failed', code: 'WORKER', message: `internal error in a worker: ${messageOf(error)}`, ...trace }
  } finally {
    endTask()
  }
}

/**
 * Another kind of task: a stage of the run has ended, whose model is not needed again. The observer's memory is as large as the observed tensors, and statistics
 * buffers that the engine has let go live as long as this thread's heap knows of them. V8 would collect neither before this small heap is full.
 */
async function forgetStage(kind: Task['kind'] | undefined): Promise<void> {
  if (kind !== 'samples' && kind !== 'forward') return
  const [{ observerFor }, { releaseSessions }] = await Promise.all([import('./observer.js'), import('./models.js')])
  observerFor(undefined)
  await releaseSessions()
  collectArrays(0)
  trimHeap()
}
