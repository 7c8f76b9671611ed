// What the library says is said in options, not in flags; and a callback is told how far the work is.

import { inOptions } from '../config/wording.js'
import { SquireError } from '../errors.js'
import { type Reporter, silentReporter } from '../report/types.js'
import type { RunHooks } from './libraryTypes.js'

/** The work, with the messages of its errors in options. */
export async function speakingOfOptions<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SquireError)) throw error
    throw new SquireError(error.code, inOptions(error.message), { cause: error.cause })
  }
}

/** A reporter that speaks of options, and tells a callback how far the work is. */
export function reporterOf({ reporter = silentReporter, onProgress }: RunHooks): Reporter {
  let stage = ''
  return {
    stage(name, of) {
      stage = name
      reporter.stage(name, of)
    },
    workload: (samples) => reporter.workload?.(samples),
    info: (line) => reporter.info(inOptions(line)),
    warn: (line) => reporter.warn(inOptions(line)),
    debug: (line) => reporter.debug(inOptions(line)),
    output: (name, text) => reporter.output(name, text),
    progress(title, total, unit) {
      const task = reporter.progress(title, total, unit)
      const tell = (done: number) => onProgress?.({ stage, title, done, total, unit })
      tell(0)
      return {
        update(done) {
          task.update(done)
          tell(done)
        },
        finish: () => task.finish(),
      }
    },
  }
}
