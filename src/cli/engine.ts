// The run itself, in the process that the supervisor watches: reporter and pipeline.

import type { Config } from '../config/config.js'
import { SquireError } from '../errors.js'
import { printable } from '../printable.js'
import { createReporter } from '../report/console/reporter.js'
import type { Reporter } from '../report/types.js'
import type { RunOptions } from '../runs/run.js'
import type { Configured } from './configure.js'
import { explain, statusOf } from './explain.js'
import { listenForSignals } from './signals.js'
import { watchUserCode } from './userCode.js'

type RunReporter = Awaited<ReturnType<typeof createReporter>>

/** What a command runs in the supervised process, and what it says of the result. */
export interface Task<Result> {
  run(config: Config, reporter: Reporter, options: RunOptions): Promise<Result>
  /** Resolves to the exit status. */
  conclude(result: Result, config: Config, reporter: RunReporter): Promise<number>
}

/** Runs a task; resolves to the exit status, rejects as the pipeline does. */
export async function runEngine<Result extends object>(
  { config, notes, warnings }: Configured,
  options: Omit<RunOptions, 'signal'>,
  task: Task<Result>,
): Promise<number> {
  const interrupt = listenForSignals()
  const reporter = await createReporter(config)
  const userCode = watchUserCode(config.userScript)
  try {
    reporter.options(config)
    for (const note of notes) reporter.info(note)
    for (const warning of warnings) reporter.warn(warning)
    const running = task.run(config, reporter, { ...options, signal: interrupt.signal }).then((value) => ({ value }))
    // What user code throws behind the run's back leaves the run as it is: maybe waiting for ever.
    const thrown = userCode.failure.catch((error: unknown) => ({ error }))
    const result = await Promise.race([running, thrown])
    if ('error' in result) {
      reporter.stop()
      process.stderr.write(`${explain(result.error, config.logLevel === 0)}\n`)
      return interrupt.leave(statusOf(result.error))
    }
    reporter.finish()
    return await task.conclude(result.value, config, reporter)
  } catch (error) {
    reporter.stop()
    if (!interrupt.signal.aborted || !(error instanceof SquireError)) throw error
    process.stderr.write(`${printable(error.message)}\n`)
    return interrupt.leave()
  } finally {
    userCode.end()
  }
}
