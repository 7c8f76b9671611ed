// One Python process that runs a user's script: started, spoken to in frames, and ended with all that it has started itself.
// Invariant: it never outlives squire. It is the leader of a process group, which is killed when the run ends. Should squire itself be
// killed, that ends the sixth pipe, and whoever waits for its end kills the group (squire_bridge/main.py).

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { SquireError } from '../../../errors.js'
import type { TensorValue } from '../../../onnx/types.js'
import { encodeFrame, type Frame, FrameDecoder } from './frames.js'

export interface InterpreterOptions {
  /** `--python`: a name to be found in PATH, or a path. */
  readonly python: string
  /** Absolute path of the script. */
  readonly script: string
  readonly onFrame: (frame: Frame) => void
  /** What the script, or a process it has started, prints. */
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string) => void
}

/** How a process ended that was not asked to. */
export interface Death {
  /** "with exit status 3", "by SIGSEGV" */
  readonly how: string
}

/** Time for a script to leave its `finally` blocks before its process is killed. */
const GRACE_MILLISECONDS = 2000

/** What a script that has ended still has for us in its pipes. */
const DRAIN_MILLISECONDS = 1000

/** The Python files, also when squire itself runs from its TypeScript sources (in tests). */
function entryPoint(): string {
  return fileURLToPath(new URL('package/run.py', import.meta.url))
}

export class Interpreter {
  /** Resolves when the process has ended, asked or not. */
  readonly ended: Promise<Death>
  readonly #process: ChildProcess
  readonly #killAtExit: () => void
  #isEnded = false
  #ending: Promise<void> | undefined

  constructor({ python, script, onFrame, onOutput }: InterpreterOptions) {
    this.#process = spawn(python, ['-u', entryPoint(), script], {
      stdio: ['inherit', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
      // A session of its own: Ctrl-C on the terminal reaches squire, which ends the script in order.
      detached: true,
      env: {
        // What a script keeps in a set comes in the same order every time.
        PYTHONHASHSEED: '0',
        PYTHONIOENCODING: 'utf-8',
        // Bars of a script that writes into a pipe are as wide as the terminal.
        ...(process.stderr.columns === undefined ? {} : { COLUMNS: String(process.stderr.columns) }),
        ...process.env,
      },
    })
    const [, stdout, stderr, input, output] = this.#process.stdio as unknown as Duplex[]
    stdout!.setEncoding('utf8').on('data', (text: string) => onOutput('stdout', text))
    stderr!.setEncoding('utf8').on('data', (text: string) => onOutput('stderr', text))
    const decoder = new FrameDecoder(onFrame)
    output!.on('data', (piece: Buffer) => decoder.push(piece))
    // The process may be gone before it has read everything: `ended` tells.
    for (const stream of [input!, output!]) stream.on('error', () => {})
    this.#killAtExit = () => this.#kill()
    process.on('exit', this.#killAtExit)
    this.ended = new Promise((resolve, reject) => {
      this.#process.on('error', (cause: NodeJS.ErrnoException) => {
        this.#afterEnd()
        reject(cannotStart(python, cause))
      })
      this.#process.on('exit', (status, signal) => {
        this.#afterEnd()
        const end = { how: signal === null ? `with exit status ${status}` : `by ${signal}` }
        // What was printed before the end arrives first; a process of a group of its own may keep the pipe open.
        this.#process.on('close', () => resolve(end))
        setTimeout(() => resolve(end), DRAIN_MILLISECONDS).unref()
      })
    })
    this.ended.catch(() => {})
  }

  send(header: object, arrays?: readonly TensorValue[]): void {
    const input = this.#process.stdio[3] as unknown as Duplex
    if (this.#isEnded || input.destroyed) return
    input.cork()
    for (const bytes of encodeFrame(header, arrays)) input.write(bytes)
    input.uncork()
  }

  /**
   * Ends the process: one at work is interrupted first, and killed when it does not leave. Asked again, it waits: to close the pipe of a script
   * that was interrupted would end it inside its `finally` blocks.
   */
  end(atWork: boolean): Promise<void> {
    this.#ending ??= this.#end(atWork)
    return this.#ending
  }

  async #end(atWork: boolean): Promise<void> {
    if (this.#isEnded || this.#process.pid === undefined) return
    if (atWork) this.#process.kill('SIGINT')
    else (this.#process.stdio[3] as unknown as Duplex).end()
    const killed = setTimeout(() => this.#kill(), GRACE_MILLISECONDS)
    await this.ended.catch(() => {})
    clearTimeout(killed)
  }

  #afterEnd(): void {
    this.#isEnded = true
    process.off('exit', this.#killAtExit)
    // Processes that the script has started, such as a DataLoader's.
    this.#kill()
  }

  #kill(): void {
    if (this.#process.pid === undefined) return
    try {
      process.kill(-this.#process.pid, 'SIGKILL')
    } catch {
      // The group is empty: all have ended by themselves.
    }
  }
}

function cannotStart(python: string, cause: NodeJS.ErrnoException): SquireError {
  const isPath = python.includes(path.sep)
  const problem =
    cause.code === 'ENOENT'
      ? isPath && existsSync(python)
        ? 'its own interpreter is missing'
        : `there is no such ${isPath ? 'file' : 'command'}`
      : cause.message
  return new SquireError(
    'USER_SCRIPT',
    `cannot start Python with "${python}": ${problem}. Name an interpreter with --python, as in --python venv/bin/python`,
    { cause },
  )
}
