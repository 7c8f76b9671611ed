// The run itself, in the process that the supervisor watches: reporter and pipeline.

import { exitCodes, SquireError } from '../errors.js'
import { printable } from '../printable.js'
import { createReporter } from '../report/reporter.js'
import type { RunResult } from '../report/types.js'
import type { RunOptions } from '../run.js'
import type { Configured } from './configure.js'
import { explain, statusOf } from './explain.js'
import { listenForSignals } from './signals.js'
import { watchUserCode } from './userCode.js'

/** Runs what `config` says; resolves to the exit status, rejects as the pipeline does. */
export async function runEngine({ config, notes }: Configured, options: Omit<RunOptions, 'signal'>): Promise<number> {
  const interrupt = listenForSignals()
  const reporter = await createReporter(config)
  const userCode = watchUserCode(config.userScript)
  try {
    reporter.options(config)
    for (const note of notes) reporter.info(note)
    const pipeline =
      config.runMode === 'infer' ? (await import('../infer.js')).infer : (await import('../quantize.js')).quantize
    const running = pipeline(config, reporter, { ...options, signal: interrupt.signal })
    // What user code throws behind the run's back leaves the run as it is: maybe waiting for ever.
    const thrown = userCode.failure.catch((error: unknown) => ({ error }))
    const result = await Promise.race([running, thrown])
    reporter.finish()
    if ('error' in result) {
      process.stderr.write(`${explain(result.error, config.logLevel === 0)}\n`)
      return interrupt.leave(statusOf(result.error))
    }
    await reporter.results(result)
    return everyFailed(result) ? exitCodes.FIXED_POINT : 0
  } catch (error) {
    reporter.finish()
    if (!interrupt.signal.aborted || !(error instanceof SquireError)) throw error
    process.stderr.write(`${printable(error.message)}\n`)
    return interrupt.leave()
  } finally {
    userCode.end()
  }
}

/** A quantization that fails beside others is a line of the table; when all fail the run has. */
function everyFailed({ results }: RunResult): boolean {
  return results.length > 0 && results.every(({ error }) => error !== undefined)
}
