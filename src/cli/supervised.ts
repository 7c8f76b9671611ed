// Commands that run models do it in a process of their own, which a supervisor watches and starts again should it crash.

import type { Configured } from './configure.js'
import { requireDescriptors } from './descriptors.js'
import type { Task } from './engine.js'

/** Runs a task. `argv` are the words after `squire`: they start it again. Resolves to the exit status. */
export async function supervised<Result extends object>(
  argv: readonly string[],
  configured: Configured,
  task: Task<Result>,
): Promise<number> {
  const { engineVariable, restartVariable, supervise } = await import('../supervisor.js')
  const workspace = process.env[engineVariable]
  if (workspace === undefined) {
    requireDescriptors(configured.config.cpuNum)
    return supervise(argv)
  }
  const { runEngine } = await import('./engine.js')
  return runEngine(
    configured,
    { workspace, restarted: process.env[restartVariable] !== undefined, command: argv },
    task,
  )
}
