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

/** A sample costs several forward passes: handing over a few at once costs nothing beside them. */
const MOST_SAMPLES_A_PIECE = 4

/** What a worker does at once: some samples of some of the comparisons. */
interface Piece {
  /** Of the comparisons: which share of them. */
  readonly share: number
  /** Positions in canonical order. */
  readonly positions: readonly number[]
}

export async function compareSamples(request: CompareRequest): Promise<Compared> {
  const { pool, count, stop, onProgress } = request
  const shares = sharesOf(request.comparisons, pool.threads)
  const positions = goodPositions(request)
  const pieces = piecesOf(request, positions, shares.length)
  let next = 0
  let done = shares.length * (count - positions.length)
  const sums = shares.map((): Compared => ({ samples: 0, differences: [] }))
  // Pieces start in order, so all before one that fails are done or under way: the first to fail is the same in every run.
  let failure: { readonly position: number; readonly error: unknown } | undefined
  const runner = async (): Promise<void> => {
    while (failure === undefined && next < pieces.length && !stop.signal.aborted) {
      const position = next++
      const { share, positions } = pieces[position]!
      const answer = await pool.compareSamples(taskOf(request, shares[share]!, positions)).catch((error: unknown) => {
        if (failure === undefined || position < failure.position) failure = { position, error }
      })
      if (answer === undefined || answer.kind === 'stopped') return
      const { samples, differences } = sums[share]!
      sums[share] = {
        samples: samples + answer.compared,
        differences: mergeTensors(differences, answer.differences),
      }
      done += positions.length
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

/** Those of samples that are not known to be bad: where forward passes begin must depend on the samples alone, not on the pieces. */
function goodPositions({ count, samples, excluded }: CompareRequest): number[] {
  return Array.from({ length: count }, (_, position) => position).filter(
    (position) => !excluded.has(samples.at(position).index),
  )
}

/** Every worker gets something to do: a few samples take seconds where models are large. */
function piecesOf({ pool, samplesPerForward }: CompareRequest, positions: readonly number[], shares: number): Piece[] {
  const even = positions.length / Math.floor(pool.threads / shares)
  // A worker of several that divide the comparisons gets all of its samples at once, for which it opens its models once.
  const wanted = shares === 1 ? Math.min(MOST_SAMPLES_A_PIECE, even) : even
  const size = samplesPerForward * Math.max(1, Math.ceil(wanted / samplesPerForward))
  return Array.from({ length: Math.ceil(positions.length / size) }, (_, i) => i * size).flatMap((from) =>
    Array.from({ length: shares }, (_, share) => ({ share, positions: positions.slice(from, from + size) })),
  )
}

function taskOf(request: CompareRequest, comparisons: readonly Comparison[], positions: readonly number[]) {
  const { source, samples, samplesPerForward, onBadSample, stop } = request
  return {
    kind: 'compareSamples' as const,
    comparisons,
    source,
    samples: positions.map((position) => samples.at(position)),
    samplesPerForward,
    onBadSample,
    stop: stop.buffer,
  }
}
