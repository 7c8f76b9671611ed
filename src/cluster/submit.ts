// Starting a run on a cluster and watching it: its progress is the parts that lie in its folder, which every engine writes in the same way.

import { spawn } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SquireError } from '../errors.js'
import type { Reporter } from '../report/types.js'
import { partNames } from './steps.js'
import type { ClusterRun, Written } from './types.js'

const POLL_MILLISECONDS = 1000

export interface SubmitOptions {
  readonly reporter: Reporter
  readonly signal: AbortSignal
  /** Given what the start command printed, whether the engine still has something of the run to do; undefined: until the command ends. */
  readonly isAlive: ((printed: string) => Promise<boolean>) | undefined
}

/**
 * Starts a run and waits for its end.
 * @param result absolute path of a file that the last step writes
 * @throws SquireError WORKER when the engine has ended without a result, INTERRUPTED when the signal came; the engine goes on then
 */
export async function submit(
  run: ClusterRun,
  { start }: Written,
  result: string,
  { reporter, signal, isAlive }: SubmitOptions,
): Promise<void> {
  const began = Date.now()
  const command = startCommand(start, run, signal)
  const progress = progressOf(run, reporter)
  try {
    await whileWatching(progress.update, signal, command.ended)
    const { status, printed } = await command.ended
    if (status !== 0) throw failed(run, `${start.join(' ')} ended with status ${status}`)
    if (isAlive !== undefined)
      await whileWatching(
        progress.update,
        signal,
        ended(() => isAlive(printed), signal),
      )
    await progress.update()
  } finally {
    progress.finish()
  }
  if (signal.aborted) throw interrupted(run)
  const written = await stat(result).catch(() => undefined)
  if (written === undefined || written.mtimeMs < began - 1000)
    throw failed(run, 'it ended without a result', await lastWords(run))
}

/** Calls `update` again and again until `end` comes. */
async function whileWatching(update: () => Promise<void>, signal: AbortSignal, end: Promise<unknown>): Promise<void> {
  let over = false
  const settled = end.finally(() => {
    over = true
  })
  settled.catch(() => {})
  while (!over && !signal.aborted) {
    await Promise.race([sleep(POLL_MILLISECONDS), settled])
    await update()
  }
}

async function ended(isAlive: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await isAlive())) await sleep(POLL_MILLISECONDS)
}

/** What the command prints on stdout is kept; stderr is the user's. */
function startCommand([program, ...args]: Written['start'], run: ClusterRun, signal: AbortSignal) {
  const child = spawn(program, args, { cwd: run.workingFolder, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (data) => {
    printed += data
  })
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const ended = new Promise<{ status: number | null; printed: string }>((resolve, reject) => {
    child.on('error', (cause) =>
      reject(new SquireError('WORKER', `cannot start ${program}: ${cause.message}`, { cause })),
    )
    child.on('close', (status) => resolve({ status, printed }))
  })
  return { ended }
}

/** Parts of the steps that have some, as one bar. */
function progressOf(run: ClusterRun, reporter: Reporter) {
  const names = run.steps.flatMap((step) => partNames(step, run.parts))
  const task = reporter.progress('parts on the cluster', names.length, 'parts')
  return {
    async update() {
      const there = new Set(await readdir(run.folder))
      task.update(names.filter((name) => there.has(name)).length)
    },
    finish: () => task.finish(),
  }
}

function interrupted({ folder }: ClusterRun): SquireError {
  return new SquireError(
    'INTERRUPTED',
    `interrupted: what the engine has taken goes on without being watched. Its scripts and logs are in ${folder}.`,
  )
}

function failed({ folder }: ClusterRun, what: string, words = ''): SquireError {
  return new SquireError('WORKER', `the run on the cluster has failed: ${what}. Its logs are in ${folder}.${words}`)
}

/** The last error that a task has logged: most often the reason. */
async function lastWords({ folder }: ClusterRun): Promise<string> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log')).sort()
  for (const name of logs) {
    const line = (await readFile(join(folder, name), 'utf8')).split('\n').findLast((text) => text.startsWith('error: '))
    if (line !== undefined) return ` ${name} says: ${line}`
  }
  return ''
}
