// Hands chunks of samples to workers, merges what comes back: calibration and evaluation alike.
// Invariant: the state holds exactly the chunks it lists as done, each once.

import type { DatasetSource } from '../../dataset/source.js'
import type { Metric } from '../../dataset/types.js'
import { SquireError } from '../../errors.js'
import { createBuffer } from '../../histogram/buffer.js'
import type { Pool } from '../pool.js'
import type { ModelFile, Observation } from '../protocol.js'
import type { Chunk, Segment } from './chunks.js'
import { addChunk, type FoldState, foldWaiting } from './foldState.js'

/** The samples of a run in canonical order. */
export interface SampleOrder {
  readonly length: number
  at(position: number): { readonly index: number; readonly id: string }
}

/** Asks everything in flight to stop between two forward passes. */
export interface StopFlag {
  readonly buffer: SharedArrayBuffer
  readonly signal: AbortSignal
}

export interface FoldRequest {
  readonly pool: Pool
  /** For chunks that are observed: the model with the observed tensors as outputs. */
  readonly observedModel: ModelFile
  readonly observation: Omit<Observation, 'buffer'>
  /** For chunks that are only measured: one, or several whose segments follow the chunk's. */
  readonly plainModels: readonly ModelFile[]
  readonly source: DatasetSource
  readonly samples: SampleOrder
  readonly samplesPerForward: number
  readonly segments: readonly Segment[]
  readonly chunks: readonly Chunk[]
  readonly metric: Metric | undefined
  /**
   * Leaves the metric's states of all chunks apart, in `waiting`: these chunks are a part of a run, whose states are merged in chunk order when all
   * parts are together.
   */
  readonly keepStates: boolean
  /** Input dims that a measured forward must have; undefined: any that the model takes. */
  readonly measuredDims: Observation['inputDims'] | undefined
  /** Dataset indices to leave out: samples that an earlier pass skipped. */
  readonly excluded: ReadonlySet<number>
  readonly onBadSample: 'error' | 'skip'
  readonly stop: StopFlag
  readonly onProgress: (samplesDone: number) => void
  /** Called after each merged chunk; may save the state. */
  readonly onChunk?: (state: FoldState) => void | Promise<void>
}

/** Chunks that may be done before an earlier one of their segment: bounds the waiting metric states. */
const MOST_AHEAD_A_THREAD = 32

/** How long a stopped fold waits for the chunks in flight. They are lost then: a worker may be in code that never returns. */
const STOP_MS = 5000

/** Runs every chunk that `state` does not hold yet. Resolves when all are in, rejects with INTERRUPTED when stopped. */
export async function fold(request: FoldRequest, state: FoldState): Promise<void> {
  const queue = request.chunks.filter((chunk) => !isDone(state, chunk))
  let done = request.chunks.reduce((sum, chunk) => sum + (isDone(state, chunk) ? chunk.to - chunk.from : 0), 0)
  request.onProgress(done)
  const buffers = freeBuffers(request)
  let next = 0
  // Chunks start in order, so all before one that fails are done or under way: the first to fail is the same in every run.
  let failure: { readonly position: number; readonly error: unknown } | undefined
  const runner = async (): Promise<void> => {
    while (failure === undefined && next < queue.length && !request.stop.signal.aborted) {
      const chunk = queue[next]!
      if (!request.keepStates && tooFarAhead(state, chunk, request.pool.threads)) {
        // The chunk it waits for is in flight in another runner, which goes on with the queue.
        return
      }
      const position = next++
      const buffer = request.segments[chunk.segment]!.observe ? buffers.take() : undefined
      const answer = await request.pool.samples(taskOf(request, chunk, buffer)).catch((error: unknown) => {
        if (failure === undefined || position < failure.position) failure = { position, error }
      })
      if (answer === undefined || answer.kind === 'stopped') return
      addChunk(state, chunk, answer, buffer)
      const measured = request.segments[chunk.segment]!.measure
      const written = state.segments.slice(chunk.segment, chunk.segment + answer.states.length)
      if (!request.keepStates)
        for (const segment of written) foldWaiting(segment, measured ? request.metric : undefined)
      if (buffer !== undefined) buffers.give(buffer)
      done += chunk.to - chunk.from
      request.onProgress(done)
      await request.onChunk?.(state)
    }
  }
  const guarded = () =>
    runner().catch((error: unknown) => {
      failure ??= { position: Number.POSITIVE_INFINITY, error }
    })
  // Two chunks a thread are under way, so that no thread waits for the engine. A runner that stopped because it was too far ahead
  // is started again by the next round.
  while (failure === undefined && next < queue.length && !request.stop.signal.aborted) {
    await Promise.race([
      Promise.all(Array.from({ length: request.pool.threads * 2 }, guarded)),
      patience(request.stop.signal, STOP_MS),
    ])
  }
  if (failure !== undefined) throw failure.error
  if (request.stop.signal.aborted) {
    throw new SquireError('INTERRUPTED', `interrupted after ${done} of ${request.samples.length} samples`)
  }
}

/** Resolves `ms` after the signal; never without it. */
function patience(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wait = () => setTimeout(resolve, ms).unref()
    if (signal.aborted) wait()
    else signal.addEventListener('abort', wait, { once: true })
  })
}

function isDone(state: FoldState, chunk: Chunk): boolean {
  const segment = state.segments[chunk.segment]!
  return chunk.number < segment.folded || segment.waiting.has(chunk.number)
}

function tooFarAhead(state: FoldState, chunk: Chunk, threads: number): boolean {
  return chunk.number - state.segments[chunk.segment]!.folded > threads * MOST_AHEAD_A_THREAD
}

function taskOf(request: FoldRequest, chunk: Chunk, buffer: SharedArrayBuffer | undefined) {
  const segment = request.segments[chunk.segment]!
  const samples = Array.from({ length: chunk.to - chunk.from }, (_, i) => request.samples.at(chunk.from + i)).filter(
    ({ index }) => !request.excluded.has(index),
  )
  const measure = segment.measure && request.metric !== undefined
  return {
    kind: 'samples' as const,
    models: buffer === undefined ? request.plainModels : [request.observedModel],
    source: request.source,
    samples,
    observation: buffer === undefined ? undefined : { ...request.observation, buffer },
    samplesPerForward: request.samplesPerForward,
    measure,
    inputDims: measure ? request.measuredDims : undefined,
    onBadSample: request.onBadSample,
    stop: request.stop.buffer,
  }
}

/** Buffers not owned by a task. They are made on demand, so there are as many as chunks ever were in flight at once. */
function freeBuffers(request: FoldRequest) {
  const free: SharedArrayBuffer[] = []
  return {
    take: () => free.pop() ?? createBuffer(request.observation.tensors),
    give: (buffer: SharedArrayBuffer) => void free.push(buffer),
  }
}
