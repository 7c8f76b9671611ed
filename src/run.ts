// What every kind of run has: workers, a folder for temporary files, a way to be interrupted, and stages that are timed.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from './config.js'
import { Pool } from './engine/pool.js'
import type { Reporter } from './report/types.js'

export interface RunOptions {
  /** Aborting it stops the run at the next forward pass, after a checkpoint. */
  readonly signal?: AbortSignal
  /** A folder for temporary files; default: a new one, removed at the end. */
  readonly workspace?: string
}

/** Runs with a pool and a workspace that are gone afterwards. */
export async function withPool<Result>(
  config: Config,
  reporter: Reporter,
  options: RunOptions,
  run: (pool: Pool, workspace: string, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const signal = options.signal ?? new AbortController().signal
  const workspace = options.workspace ?? (await mkdtemp(join(tmpdir(), 'squire-')))
  await mkdir(workspace, { recursive: true })
  const onDeath = (what: string, reason: string) =>
    reporter.warn(`a worker died (${reason}) with ${what}; it runs again`)
  const pool = new Pool({ threads: config.cpuNum, onDeath })
  try {
    return await run(pool, workspace, signal)
  } finally {
    const closed = pool.close()
    // Whoever interrupts a run does not wait for forward passes in flight.
    if (!signal.aborted) await closed
    if (options.workspace === undefined) await rm(workspace, { recursive: true, force: true })
  }
}

/** Tells the reporter where stages begin, and how long each took. */
export function stageTimer(reporter: Reporter) {
  const seconds: Record<string, number> = {}
  let current: string | undefined
  let since = 0
  const end = () => {
    if (current !== undefined) seconds[current] = (performance.now() - since) / 1000
  }
  return {
    stage(name: string) {
      end()
      current = name
      since = performance.now()
      reporter.stage(name)
    },
    done() {
      end()
      return seconds
    },
  }
}
