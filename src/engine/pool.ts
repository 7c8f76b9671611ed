// The worker threads: the only importer of Piscina, the only place that names worker files.
// Invariant: a task is answered exactly once. A worker that dies while it holds a task loses the task, which runs again elsewhere, a bounded
// number of times. Threads are never terminated while a forward pass may be in flight: that would abort the process (see close).

import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { messageOf, SquireError } from '../errors.js'
import { shareLock } from './lock.js'
import type {
  CompareForwardAnswer,
  CompareForwardDone,
  CompareForwardTask,
  CompareSamplesAnswer,
  CompareSamplesDone,
  CompareSamplesTask,
  DescendAnswer,
  DescendDone,
  DescendTask,
  Failed,
  ForwardAnswer,
  ForwardDone,
  ForwardTask,
  GatherAnswer,
  GatherDone,
  GatherTask,
  LoadAnswer,
  LoadDone,
  LoadTask,
  SamplesAnswer,
  SamplesDone,
  SamplesTask,
  SolveAnswer,
  SolveDone,
  SolveTask,
  Stopped,
  Task,
} from './protocol.js'

/** How often one task may lose its worker before the run is given up. */
const MAX_ATTEMPTS = 3

/** The compiled worker, also when squire itself runs from its TypeScript sources (in tests). */
function workerFile(): string {
  const here = import.meta.url
  const compiled = here.endsWith('.ts') ? '../../dist/workers/worker.js' : '../../workers/worker.js'
  return fileURLToPath(new URL(compiled, here))
}

export interface PoolOptions {
  readonly threads: number
  /** V8 limits of each worker, as in node:worker_threads. */
  readonly resourceLimits?: { readonly maxOldGenerationSizeMb?: number }
  /** Told of each worker that died while it held a task. */
  readonly onDeath?: (what: string, reason: string) => void
}

export class Pool {
  readonly #options: PoolOptions
  #threads: number
  /** Threads start with the first task. */
  #started: Piscina | undefined
  readonly #onDeath: (what: string, reason: string) => void
  readonly #inFlight = new Set<Promise<unknown>>()

  constructor(options: PoolOptions) {
    this.#options = options
    this.#threads = options.threads
    this.#onDeath = options.onDeath ?? (() => {})
  }

  get threads(): number {
    return this.#threads
  }

  /** Changes the number of threads, while there is no task: those that have started end. */
  async plan(threads: number): Promise<void> {
    if (threads === this.#threads) return
    const started = this.#started
    this.#started = undefined
    this.#threads = threads
    await started?.destroy()
  }

  get #piscina(): Piscina {
    this.#started ??= this.#start()
    return this.#started
  }

  #start(): Piscina {
    const { resourceLimits } = this.#options
    shareLock(this.#threads)
    const piscina = new Piscina({
      filename: workerFile(),
      minThreads: this.#threads,
      maxThreads: this.#threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A worker that waits for its next task must still serve its event loop: user code may hold timers and sockets.
      atomics: 'disabled',
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    })
    // A worker that dies between two tasks is replaced by Piscina; nothing was lost.
    piscina.on('error', (error: unknown) => this.#onDeath('no task', messageOf(error)))
    return piscina
  }

  samples(task: SamplesTask): Promise<SamplesDone | Stopped> {
    return this.#run<SamplesAnswer>(task, named(task), () => this.#culprits(task))
  }

  /** The samples that a worker dies of, of a task that it died of: found by halves, down to one if it does it alone. */
  async #culprits(task: SamplesTask): Promise<string> {
    const half = task.samples.length >> 1
    for (const samples of [task.samples.slice(0, half), task.samples.slice(half)]) {
      const part = { ...task, samples }
      if (samples.length < task.samples.length && !(await this.#survives(part))) return this.#culprits(part)
    }
    return named(task)
  }

  async #survives(task: SamplesTask): Promise<boolean> {
    return this.#submit(task).then(
      () => true,
      () => false,
    )
  }

  load(task: LoadTask): Promise<LoadDone> {
    return this.#run<LoadAnswer>(task, `sample "${task.sample.id}"`)
  }

  forward(task: ForwardTask): Promise<ForwardDone> {
    return this.#run<ForwardAnswer>(task, task.name)
  }

  compareSamples(task: CompareSamplesTask): Promise<CompareSamplesDone | Stopped> {
    return this.#run<CompareSamplesAnswer>(task, named(task))
  }

  compareForward(task: CompareForwardTask): Promise<CompareForwardDone> {
    return this.#run<CompareForwardAnswer>(task, task.name)
  }

  gather(task: GatherTask): Promise<GatherDone | Stopped> {
    return this.#run<GatherAnswer>(task, 'samples of the refinement')
  }

  descend(task: DescendTask): Promise<DescendDone> {
    return this.#run<DescendAnswer>(task, 'integer weights')
  }

  solve(task: SolveTask): Promise<SolveDone> {
    return this.#run<SolveAnswer>(task, 'thresholds')
  }

  /** Waits for tasks in flight, then ends the threads. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#inFlight])
    await this.#started?.destroy()
  }

  /** `culprits` is asked, when there is no hope left, for a better name of what the workers died of. */
  async #run<Answer extends { readonly kind: string }>(
    task: Task,
    what: string,
    culprits: () => Promise<string> = async () => what,
  ): Promise<Exclude<Answer, Failed>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#submit<Answer>(task)
        if (isFailed(answer)) throw failureOf(answer)
        return answer as Exclude<Answer, Failed>
      } catch (error) {
        if (error instanceof SquireError) throw error
        this.#onDeath(what, messageOf(error))
        if (attempt < MAX_ATTEMPTS) continue
        throw new SquireError(
          'WORKER',
          `a worker died ${MAX_ATTEMPTS} times while it processed ${await culprits()}: ${messageOf(error)}. ` +
            'The data or the user script ends the process or needs more memory than there is; look there first.',
          { cause: error },
        )
      }
    }
  }

  async #submit<Answer>(task: Task): Promise<Answer> {
    const running = this.#piscina.run(task) as Promise<Answer>
    this.#inFlight.add(running)
    try {
      return await running
    } finally {
      this.#inFlight.delete(running)
    }
  }
}

function named({ samples }: Pick<SamplesTask, 'samples'>): string {
  const first = `"${samples[0]?.id ?? ''}"`
  return samples.length === 1 ? `sample ${first}` : `${samples.length} samples, ${first} the first`
}

/** The worker's error, with the stack of where it was thrown. */
function failureOf({ code, message, stack }: Failed): SquireError {
  const error = new SquireError(code, message)
  if (stack !== undefined) error.stack = stack
  return error
}

function isFailed(answer: { readonly kind: string }): answer is Failed {
  return answer.kind === 'failed'
}
