// A Python script (-uds) as infer functions: its interpreter is started once, loads the script once, and is called for every model.

import { messageOf, SquireError } from '../../../errors.js'
import type { TensorValue } from '../../../onnx/types.js'
import type { Executor, ModelInput } from '../../types.js'
import { callError, type Failure, loadError } from './failure.js'
import type { Frame } from './frames.js'
import { Interpreter } from './interpreter.js'
import { type Quiet, watchForSilence } from './silence.js'
import { converted, describe, type Shard, toNumber } from './values.js'

export interface PythonScriptOptions {
  readonly python: string
  /** Absolute path. */
  readonly script: string
  readonly inputs: readonly ModelInput[]
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string) => void
  readonly warn: (line: string) => void
}

/** What loading the script gave. */
interface Ready {
  readonly python: string
  readonly executable: string
  readonly numpy: boolean
  /** Infer functions by name -> the number of interpreters that each wants. */
  readonly functions: Readonly<Record<string, number>>
}

/** A call of an infer function that is under way. */
interface Call {
  readonly number: number
  readonly name: string
  readonly executor: Executor
  readonly settle: { resolve(value: Returned | undefined): void; reject(error: unknown): void }
  forwards: number
  /** The first forward that squire refused. */
  refused: SquireError | undefined
  /** Called when the first forward has been asked for. */
  readonly onForward: () => void
}

/** A metric, and its weight where the function gave one. */
export interface Returned {
  readonly value: number
  readonly weight: number
}

export class PythonScript {
  readonly #options: PythonScriptOptions
  readonly #interpreter: Interpreter
  readonly #ready: Promise<Ready>
  readonly #silence: Quiet
  #settleReady: { resolve(ready: Ready): void; reject(error: unknown): void } | undefined
  #call: Call | undefined
  #calls = 0
  #lastCall: Promise<unknown> = Promise.resolve()
  /** What went wrong for good: every later call meets it. */
  #broken: SquireError | undefined

  constructor(options: PythonScriptOptions) {
    this.#options = options
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.#ready.catch(() => {})
    this.#interpreter = new Interpreter({
      python: options.python,
      script: options.script,
      onFrame: (frame) => this.#receive(frame),
      onOutput: (stream, text) => {
        this.#silence.heard()
        options.onOutput(stream, text)
      },
    })
    this.#silence = watchForSilence({
      ask: () => this.#interpreter.send({ kind: 'where' }),
      warn: (line) => options.warn(`${options.script}: ${line}`),
    })
    this.#silence.begin('the script while it is loaded')
    this.#interpreter.ended.then(
      ({ how }) => this.#break(how),
      (error: SquireError) => this.#fail(error),
    )
  }

  /** Waits for the script to be loaded. @throws SquireError USER_SCRIPT when Python does not start or the script does not load */
  ready(): Promise<Ready> {
    return this.#ready
  }

  /** Calls a function with an executor; one call at a time. */
  async call(name: string, executor: Executor, shard: Shard, onForward = () => {}): Promise<Returned | undefined> {
    await this.#ready
    // A call that was stopped may still be leaving its `finally` blocks.
    await this.#lastCall
    if (this.#broken !== undefined) throw this.#broken
    const running = new Promise<Returned | undefined>((resolve, reject) => {
      this.#call = {
        number: ++this.#calls,
        name,
        executor,
        settle: { resolve, reject },
        forwards: 0,
        refused: undefined,
        onForward,
      }
    })
    this.#lastCall = running.catch(() => {})
    this.#silence.begin(`infer function "${name}"`)
    this.#interpreter.send({ kind: 'call', call: this.#calls, function: name, executor: describe(executor, shard) })
    return running
  }

  /** Ends the interpreter; a call under way fails with `reason`. */
  async end(reason: SquireError): Promise<void> {
    const atWork = this.#call !== undefined
    this.#fail(reason)
    await this.#interpreter.end(atWork)
  }

  #receive({ header, arrays }: Frame): void {
    this.#silence.heard()
    const call = this.#call
    switch (header.kind) {
      case 'where':
        this.#silence.answered((header.place as string | null) ?? undefined)
        break
      case 'ready':
        this.#silence.end()
        this.#settleReady?.resolve(header as unknown as Ready)
        break
      case 'forward':
        if (call !== undefined && header.call === call.number) this.#forward(call, header.id as number, arrays)
        break
      case 'failed':
        this.#failed(header as unknown as Failure)
        break
      case 'stopped':
        this.#settle(({ reject }) => reject(new SquireError('INTERRUPTED', 'the infer function was stopped')))
        break
      case 'returned':
        this.#returned(header)
    }
  }

  #forward(call: Call, id: number, arrays: readonly TensorValue[]): void {
    const { inputs } = this.#options
    const answer = (header: object, outputs?: readonly TensorValue[]) => {
      if (this.#call === call) this.#silence.begin(`infer function "${call.name}"`)
      this.#interpreter.send({ ...header, call: call.number, id }, outputs)
    }
    // Until the outputs are sent it is squire that is at work.
    this.#silence.end()
    call.forwards++
    const run = async () => call.executor.forward(...arrays.map((array, i) => converted(inputs[i], array)))
    const running = run()
    call.onForward()
    running.then(
      (outputs) => answer({ kind: 'outputs' }, outputs),
      (error: unknown) => {
        if (error instanceof SquireError && error.code === 'INTERRUPTED') answer({ kind: 'stop' })
        else {
          if (error instanceof SquireError) call.refused ??= error
          answer({ kind: 'refused', message: messageOf(error) })
        }
      },
    )
  }

  #returned({ value, weight, type }: Frame['header']): void {
    const { script } = this.#options
    const forwards = this.#call?.forwards ?? 0
    if (type !== undefined) {
      const problem = `returned a value of type ${String(type)}; expected its metric as a number, or None when it has none`
      const error = new SquireError('USER_SCRIPT', `the infer function of ${script} ${problem}`)
      this.#settle(({ reject }) => reject(error))
    } else if (value === null) this.#settle(({ resolve }) => resolve(undefined))
    else {
      const returned = { value: toNumber(value), weight: weight === undefined ? forwards : toNumber(weight) }
      this.#settle(({ resolve }) => resolve(returned))
    }
  }

  #failed(failure: Failure): void {
    const { script } = this.#options
    const call = this.#call
    if (call === undefined) this.#fail(loadError(failure, script))
    else this.#settle(({ reject }) => reject(callError(failure, script, call.refused)))
  }

  /** The process ended on its own. */
  #break(how: string): void {
    const { script } = this.#options
    const during =
      this.#call === undefined
        ? 'before the script was loaded'
        : `in its infer function, after ${this.#call.forwards} calls of forward`
    this.#fail(new SquireError('USER_SCRIPT', `Python ended ${how} while it ran ${script}, ${during}`))
  }

  #fail(error: SquireError): void {
    this.#broken ??= error
    this.#settleReady?.reject(this.#broken)
    this.#settle((settle) => settle.reject(this.#broken))
  }

  #settle(how: (settle: Call['settle']) => void): void {
    const call = this.#call
    this.#call = undefined
    this.#silence.end()
    // What the script printed before came through another pipe: it is passed on first.
    if (call !== undefined) setImmediate(() => how(call.settle))
  }
}
