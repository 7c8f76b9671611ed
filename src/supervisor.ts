// Crash-only: a small parent that runs the engine as a child process and starts it again from its checkpoint when it dies without having
// ended, a bounded number of times. The parent does nothing else, so that nothing of it can crash.

import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { availableParallelism, constants } from 'node:os'
import { makeWorkspace } from './runs/workspace.js'

/** Set in the engine's environment to the folder for its temporary files, which the parent removes however the engine ends. */
export const engineVariable = 'SQUIRE_ENGINE'

/** Set in the environment of an engine that is started again after a crash. */
export const restartVariable = 'SQUIRE_RESTARTED'

/** An engine that is asked to end says so at once. One that does not within this time is stuck in code that never returns. */
const ANSWER_MS = 4000
/** An engine that has said it is ending has this long. It ends itself a little earlier, unless a script keeps its main thread. */
const ENDING_MS = 12_000
/** What a second signal leaves an engine that has said it is ending. */
const LAST_MS = 1500

const STUCK =
  'squire: interrupted; the engine did not end by itself, as code of yours keeps it busy, and was killed. ' +
  'Repeat the command with --resume to go on from its last checkpoint, where there is one.\n'

const MAX_RESTARTS = 5

/**
 * How the engine shares memory with the system, and its threads for files. V8's heap for new objects has 4 MB for each half of each thread, where up to 16
 * would be taken and not be given back. The C library gives an array of 4 MB or more its own pages, which go back when it is freed: left alone, it raises that limit to as much as
 * 32 MB, and keeps the pages of what was freed. docs/memory.md has what both save. What the user sets wins: Node takes the last one of a flag in
 * NODE_OPTIONS, and one on the command line before any there.
 * @param given the environment of this process
 */
export function engineEnvironment(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const flags = `--max-semi-space-size=4 ${given.NODE_OPTIONS ?? ''}`.trim()
  return {
    // Decoding and file reading of all workers share libuv's threads: four are too few for many cores.
    UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())),
    MALLOC_MMAP_THRESHOLD_: String(2 ** 22),
    ...given,
    NODE_OPTIONS: flags,
  }
}

/** What a crash of native code ends a process with, and SIGKILL, which a system that is short of memory sends to the largest process. */
const deadlySignals: ReadonlySet<string> = new Set([
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGKILL',
])

/** Runs this program again with `argv` as the engine until it ends by itself; resolves to its exit status. */
export async function supervise(argv: readonly string[]): Promise<number> {
  const workspace = makeWorkspace()
  let engine: ChildProcess | undefined
  let asked: NodeJS.Signals | undefined
  // A terminal signals the whole group and the engine answers; a signal sent to this process alone is passed on.
  const passOn = (signal: NodeJS.Signals) => {
    const again = asked !== undefined
    asked ??= signal
    if (engine !== undefined) askToEnd(engine, signal, again)
  }
  process.on('SIGINT', passOn)
  process.on('SIGTERM', passOn)
  try {
    for (let restarts = 0; ; restarts++) {
      engine = startEngine(argv, workspace, restarts > 0)
      const end = await endOf(engine)
      if (end.kind === 'exit') return end.status
      // Whoever asked for the end gets it.
      const signal = asked ?? end.signal
      if (asked !== undefined || !deadlySignals.has(signal)) return 128 + constants.signals[signal]
      const died = `the engine ${signal === 'SIGKILL' ? 'was killed, maybe for want of memory' : `crashed (${signal})`}`
      if (restarts === MAX_RESTARTS) {
        process.stderr.write(
          `squire: ${died}; that was the ${restarts + 1}th time: giving up. Try fewer workers: -cn 1.\n`,
        )
        return 70
      }
      process.stderr.write(`squire: ${died}; starting it again, from its last checkpoint where there is one\n`)
    }
  } finally {
    process.off('SIGINT', passOn)
    process.off('SIGTERM', passOn)
    rmSync(workspace, { recursive: true, force: true })
  }
}

/** Ends the engine if it does not end by itself in time, and says so where the engine cannot. */
function askToEnd(engine: ChildProcess, signal: NodeJS.Signals, again: boolean): void {
  engine.kill(signal)
  const end = () => {
    if (engine.kill('SIGKILL')) process.stderr.write(STUCK)
  }
  let timer = setTimeout(end, again ? LAST_MS : ANSWER_MS)
  engine.once('exit', () => clearTimeout(timer))
  if (again) return
  engine.on('message', (message) => {
    if (!isObject(message) || !('ending' in message)) return
    clearTimeout(timer)
    timer = setTimeout(end, ENDING_MS)
  })
}

function startEngine(argv: readonly string[], workspace: string, restarted: boolean): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...argv], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...engineEnvironment(process.env),
      [engineVariable]: workspace,
      ...(restarted ? { [restartVariable]: '1' } : {}),
    },
  })
}

type End =
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }

function endOf(engine: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    // An engine that cannot end its threads in time says with which status it would have ended, then kills itself.
    let declared: number | undefined
    engine.on('message', (message) => {
      if (isObject(message) && 'exitStatus' in message) declared = Number(message.exitStatus)
    })
    engine.on('error', reject)
    engine.on('exit', (status, signal) => {
      if (declared !== undefined) resolve({ kind: 'exit', status: declared })
      else if (signal !== null) resolve({ kind: 'signal', signal })
      // Node reports an abort in a thread as status 134 or 139 where a shell is in between.
      else if (status === 134) resolve({ kind: 'signal', signal: 'SIGABRT' })
      else if (status === 139) resolve({ kind: 'signal', signal: 'SIGSEGV' })
      else resolve({ kind: 'exit', status: status ?? 70 })
    })
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
