// One call of the user's infer function: what it asks for goes where the caller says, and what it does wrong is told as its own.

import { setImmediate } from 'node:timers/promises'
import { type ItemFunction, makeExecutor } from '../../dataset/script/executor.js'
import { firstFrame, isDatasetObject } from '../../dataset/script/userScript.js'
import { messageOf, SquireError } from '../../errors.js'
import type { TensorValue } from '../../onnx/types.js'
import type { Feeds } from '../runner.js'

type ExecutorOptions = Parameters<typeof makeExecutor>[0]

/** `item`: which item of executor.map it is; undefined for a call of executor.forward. */
export type ForwardOne = (
  feeds: Feeds,
  name: string,
  item: number | undefined,
) => Promise<Readonly<Record<string, TensorValue>>>

/** Where forward passes go during one call of the infer function. */
export interface Sink {
  readonly forward: ForwardOne
  /** `count` forward passes are done; the last one is that of `item`. */
  readonly onForward: (count: number, item: number | undefined) => void
  /** Whether the forwards are needed no more. Default: they are, until the run is interrupted. */
  readonly stopped?: () => boolean
}

export interface InferCall {
  readonly infer: ItemFunction
  /** The name of the function, for messages. */
  readonly name: string
  /** What to do where the function was meant to make a dataset, in the words of whoever wrote it; empty where no function can mean that. */
  readonly datasetAdvice: string
  /** Everything of the executor but what this call decides. */
  readonly executor: Omit<ExecutorOptions, 'forward' | 'stopped'>
  readonly sink: Sink
  readonly signal: AbortSignal
}

/** The function's metric, or undefined when it has none. @throws SquireError USER_SCRIPT for what the function does wrong */
export async function callInfer(call: InferCall): Promise<number | undefined> {
  const { infer, executor, sink, signal } = call
  let calls = 0
  let done = 0
  const interrupted = () => new SquireError('INTERRUPTED', `interrupted after ${done} forward passes`)
  const stopped = () => signal.aborted || sink.stopped?.() === true
  const inFlight = new Set<Promise<unknown>>()
  const given = makeExecutor({
    ...executor,
    stopped,
    forward: async (feeds, _, item) => {
      // A function that catches all errors and tries again would never let anything else run on this thread, not even a second signal.
      if (stopped()) await setImmediate()
      if (signal.aborted) throw interrupted()
      const running = sink.forward(feeds, `forward ${++calls}`, item).then((outputs) => {
        sink.onForward(++done, item)
        return outputs
      })
      inFlight.add(running)
      running.then(
        () => inFlight.delete(running),
        () => {},
      )
      return running
    },
  })
  let value: unknown
  try {
    value = await infer(given)
  } catch (error) {
    if (signal.aborted) throw interrupted()
    throw asUsersOwn(error, call, calls)
  }
  // Calls that the function did not wait for belong to the statistics all the same; one that failed fails the run.
  await Promise.all(inFlight)
  // A function that stops at its early-stop flag, as executor.map does, has not seen all that it was called for.
  if (signal.aborted) throw interrupted()
  return checkedMetric(value, call, calls)
}

function asUsersOwn(error: unknown, { name, datasetAdvice }: InferCall, calls: number): SquireError {
  if (error instanceof SquireError) return error
  const frame = firstFrame(error)
  const where = frame === undefined ? '' : ` (${frame})`
  const advice = calls === 0 && datasetAdvice !== '' ? `. ${datasetAdvice}` : ''
  return new SquireError('USER_SCRIPT', `infer function "${name}" threw: ${messageOf(error)}${where}${advice}`, {
    cause: error,
  })
}

function checkedMetric(value: unknown, { name, datasetAdvice }: InferCall, calls: number): number | undefined {
  if (isDatasetObject(value)) {
    throw new SquireError(
      'USER_SCRIPT',
      `"${name}" is taken for an infer function, which returns its metric, but it returned a dataset. ${datasetAdvice}`,
    )
  }
  if (calls === 0) {
    throw new SquireError(
      'USER_SCRIPT',
      `infer function "${name}" returned without calling executor.forward: there is nothing to calibrate on. ` +
        'Call executor.forward(input, ...) once for each of executor.iteration batches, and wait for each; ' +
        `where it does so in a loop over data, the data are empty: check what it reads (-d).${datasetAdvice && ` ${datasetAdvice}`}`,
    )
  }
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new SquireError(
      'USER_SCRIPT',
      `infer function "${name}" returned ${typeof value === 'number' ? value : `a value of type ${typeof value}`}; ` +
        'expected its metric as a finite number, or nothing when it has none.',
    )
  }
  return value
}
