// Compares models over the samples of a dataset: chunks go to workers, and what comes back is added up in whatever order it comes.

import type { DatasetSource } from '../../dataset/source.js'
import { mergeTensors, type TensorDifference } from '../../difference/tensors.js'
import type { Comparison } from '../../engine/comparison.js'
import type { SampleOrder, StopFlag } from '../../engine/fold/fold.js'
import type { Pool } from '../../engine/pool.js'
import { SquireError } from '../../errors.js'

export interface Compared {
  /** Samples, or forward passes of an infer function. */
  readonly samples: number
  /** In the order of the comparisons and their tensors; empty where nothing was compared. */
  readonly differences: readonly TensorDifference[]
}

export interface CompareRequest {
  readonly pool: Pool
  readonly comparisons: readonly Comparison[]
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

/** What a worker does at once: some samples of some of the comparisons. */
interface Piece {
  /** Of the comparisons: which share of them. */
  readonly share: number
  readonly from: number
  readonly to: number
}

export async function compareSamples(request: CompareRequest): Promise<Compared> {
  const { pool, count, stop, onProgress } = request
  const shares = sharesOf(request.comparisons, pool.threads)
  const pieces = piecesOf(request, shares.length)
  let next = 0
  let done = 0
  const sums = shares.map((): Compared => ({ samples: 0, differences: [] }))
  // Pieces start in order, so all before one that fails are done or under way: the first to fail is the same in every run.
  let failure: { readonly position: number; readonly error: unknown } | undefined
  const runner = async (): Promise<void> => {
    while (failure === undefined && next < pieces.length && !stop.signal.aborted) {
      const position = next++
      const { share, ...chunk } = pieces[position]!
      const answer = await pool.compareSamples(taskOf(request, shares[share]!, chunk)).catch((error: unknown) => {
        if (failure === undefined || position < failure.position) failure = { position, error }
      })
      if (answer === undefined || answer.kind === 'stopped') return
      const { samples, differences } = sums[share]!
      sums[share] = {
        samples: samples + answer.compared,
        differences: mergeTensors(differences, answer.differences),
      }
      done += chunk.to - chunk.from
      onProgress(Math.floor(done / shares.length))
    }
  }
  await Promise.all(Array.from({ length: pool.threads * 2 }, runner))
  if (failure !== undefined) throw failure.error
  if (stop.signal.aborted)
    throw new SquireError(
      'INTERRUPTED',
      `interrupted after comparing ${Math.floor(done / shares.length)} of ${count} samples`,
    )
  return { samples: sums[0]!.samples, differences: sums.flatMap(({ differences }) => differences) }
}

/** Comparisons that one worker makes: opening a model takes as long as some forward passes, so each is opened by as few workers as possible. */
function sharesOf(comparisons: readonly Comparison[], threads: number): (readonly Comparison[])[] {
  const count = Math.min(threads, comparisons.length)
  const start = (share: number) => Math.floor((share * comparisons.length) / count)
  return Array.from({ length: count }, (_, share) => comparisons.slice(start(share), start(share + 1)))
}

function piecesOf({ pool, count, samplesPerForward }: CompareRequest, shares: number): Piece[] {
  const wanted = shares === 1 ? SAMPLES_A_CHUNK : Math.max(SAMPLES_A_CHUNK, count / Math.floor(pool.threads / shares))
  const size = samplesPerForward * Math.ceil(wanted / samplesPerForward)
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => i * size).flatMap((from) =>
    Array.from({ length: shares }, (_, share) => ({ share, from, to: Math.min(count, from + size) })),
  )
}

function taskOf(
  request: CompareRequest,
  comparisons: readonly Comparison[],
  chunk: { readonly from: number; readonly to: number },
) {
  const { source, samples, samplesPerForward, onBadSample, stop, excluded } = request
  const all = Array.from({ length: chunk.to - chunk.from }, (_, i) => samples.at(chunk.from + i))
  return {
    kind: 'compareSamples' as const,
    comparisons,
    source,
    samples: all.filter(({ index }) => !excluded.has(index)),
    samplesPerForward,
    onBadSample,
    stop: stop.buffer,
  }
}
