// Compares models over the samples of a dataset: chunks go to workers, and what comes back is added up in whatever order it comes.

import type { DatasetSource } from '../../dataset/source.js'
import { mergeTensors, type TensorDifference } from '../../difference/tensors.js'
import type { SampleOrder, StopFlag } from '../../engine/fold/fold.js'
import type { Pool } from '../../engine/pool.js'
import type { Comparison } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'

export interface Compared {
  /** Samples, or forward passes of an infer function. */
  readonly samples: number
  /** In the order of the comparison's tensors; empty where nothing was compared. */
  readonly differences: readonly TensorDifference[]
}

export interface CompareRequest {
  readonly pool: Pool
  readonly comparison: Comparison
  readonly source: DatasetSource
  readonly samples: SampleOrder
  /** How many of them, from the first. */
  readonly count: number
  readonly samplesPerForward: number
  /** Dataset indices to leave out. */
  readonly excluded: ReadonlySet<number>
  readonly onBadSample: 'error' | 'skip'
  readonly stop: StopFlag
  readonly onProgress: (samplesDone: number) => void
}

/** A sample costs several forward passes, and opening the models of a worker costs more than these: a few samples make a chunk. */
const SAMPLES_A_CHUNK = 4

export async function compareSamples(request: CompareRequest): Promise<Compared> {
  const { pool, count, samplesPerForward, stop, onProgress } = request
  const size = samplesPerForward * Math.ceil(SAMPLES_A_CHUNK / samplesPerForward)
  const chunks = Array.from({ length: Math.ceil(count / size) }, (_, i) => ({
    from: i * size,
    to: Math.min(count, (i + 1) * size),
  }))
  let next = 0
  let done = 0
  let sum: Compared = { samples: 0, differences: [] }
  // Chunks start in order, so all before one that fails are done or under way: the first to fail is the same in every run.
  let failure: { readonly position: number; readonly error: unknown } | undefined
  const runner = async (): Promise<void> => {
    while (failure === undefined && next < chunks.length && !stop.signal.aborted) {
      const position = next++
      const chunk = chunks[position]!
      const answer = await pool.compareSamples(taskOf(request, chunk)).catch((error: unknown) => {
        if (failure === undefined || position < failure.position) failure = { position, error }
      })
      if (answer === undefined || answer.kind === 'stopped') return
      sum = {
        samples: sum.samples + answer.compared,
        differences: mergeTensors(sum.differences, answer.differences),
      }
      done += chunk.to - chunk.from
      onProgress(done)
    }
  }
  await Promise.all(Array.from({ length: pool.threads * 2 }, runner))
  if (failure !== undefined) throw failure.error
  if (stop.signal.aborted)
    throw new SquireError('INTERRUPTED', `interrupted after comparing ${done} of ${count} samples`)
  return sum
}

function taskOf(request: CompareRequest, chunk: { readonly from: number; readonly to: number }) {
  const { comparison, source, samples, samplesPerForward, onBadSample, stop, excluded } = request
  const all = Array.from({ length: chunk.to - chunk.from }, (_, i) => samples.at(chunk.from + i))
  return {
    kind: 'compareSamples' as const,
    comparison,
    source,
    samples: all.filter(({ index }) => !excluded.has(index)),
    samplesPerForward,
    onBadSample,
    stop: stop.buffer,
  }
}
