// What every kind of run has: workers, a folder for temporary files, a way to be interrupted, and stages that are timed.

import { mkdir, rm } from 'node:fs/promises'
import type { DataValues } from '../calibrate/openOptions.js'
import type { Runner } from '../calibrate/runner.js'
import type { Config } from '../config/config.js'
import { Pool } from '../engine/pool.js'
import { thisMachine, workersFor } from '../engine/workers.js'
import { collectGarbage } from '../garbage.js'
import { tensorBytes } from '../onnx/file/codec.js'
import type { Model } from '../onnx/types.js'
import type { Reporter } from '../report/types.js'
import { makeWorkspace } from './workspace.js'

export interface RunOptions {
  /** Aborting it stops the run at the next forward pass, after a checkpoint. */
  readonly signal?: AbortSignal
  /** Whether this run was started again because its engine crashed: it goes on from the crashed engine's checkpoint, where there is one. */
  readonly restarted?: boolean
  /** The words of the command line, which the report shows. */
  readonly command?: readonly string[]
  /** Data that are values, not names of modules. */
  readonly values?: DataValues
  /** A folder for temporary files; default: a new one, removed at the end. */
  readonly workspace?: string
}

export interface Rig {
  readonly pool: Pool
  /** A folder for temporary files. */
  readonly workspace: string
  readonly signal: AbortSignal
  readonly values: DataValues
  /** What else is to be closed when the run ends, however it ends. */
  readonly closeAtEnd: (closable: { close(): Promise<void> }) => void
}

/** Runs with a pool and a workspace that are gone afterwards. */
export async function withPool<Result>(
  config: Config,
  reporter: Reporter,
  options: RunOptions,
  run: (rig: Rig) => Promise<Result>,
): Promise<Result> {
  const rig = await openRig(config, reporter, options)
  try {
    return await run(rig)
  } finally {
    await rig.close()
  }
}

/** A pool and a workspace that stay until they are closed. */
export async function openRig(
  config: Config,
  reporter: Reporter,
  options: RunOptions,
): Promise<Rig & { close(): Promise<void> }> {
  const signal = options.signal ?? new AbortController().signal
  const workspace = options.workspace ?? makeWorkspace()
  await mkdir(workspace, { recursive: true })
  const onDeath = (what: string, reason: string) =>
    reporter.warn(`a worker died (${reason}) with ${what}; it runs again`)
  const pool = new Pool({ threads: config.cpuNum, onDeath })
  const closables: { close(): Promise<void> }[] = []
  const close = async () => {
    await Promise.all(closables.map((closable) => closable.close()))
    const closed = pool.close()
    // Whoever interrupts a run does not wait for forward passes in flight.
    if (!signal.aborted) await closed
    if (options.workspace === undefined) await rm(workspace, { recursive: true, force: true })
  }
  const closeAtEnd: Rig['closeAtEnd'] = (closable) => void closables.push(closable)
  return { pool, workspace, signal, values: options.values ?? {}, closeAtEnd, close }
}

/**
 * Starts no more workers than the machine has room for with this model.
 * @param tensors bytes of the tensors that are looked at, together
 */
export async function planWorkers(
  pool: Pool,
  { proto }: Pick<Model, 'proto'>,
  tensors: number,
  reporter: Reporter,
): Promise<void> {
  const { threads, reason } = workersFor(pool.threads, { weights: tensorBytes(proto), tensors }, thisMachine())
  if (reason !== undefined) reporter.info(`${threads} of ${pool.threads} worker threads: ${reason}`)
  await pool.plan(threads)
}

export interface StageTimer {
  stage(name: string): void
  /** Seconds of every stage, the last one ending now. */
  done(): Readonly<Record<string, number>>
}

/** Frees what the last stage has left, tells the reporter where stages begin, `stages` of them where that is known, and how long each took. */
export function stageTimer(reporter: Reporter, stages?: number): StageTimer {
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
      collectGarbage()
      since = performance.now()
      reporter.stage(name, stages)
    },
    done() {
      end()
      return seconds
    },
  }
}

/** What a stage reports to and runs with. */
export interface Setting extends Rig {
  readonly config: Config
  readonly reporter: Reporter
  readonly timer: StageTimer
}

export function warnOfSkipped(runner: Runner, reporter: Reporter): void {
  for (const { reason } of runner.skipped) reporter.warn(`skipped: ${reason}`)
}
