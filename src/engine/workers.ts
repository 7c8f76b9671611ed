// How many worker threads are worth starting: each takes a core, and its own copy of the model.

import { availableParallelism } from 'node:os'

export interface Machine {
  readonly cores: number
  /** Bytes that this process can still take. */
  readonly memory: number
}

/** SQUIRE_CORES stands for the cores where the system counts them wrongly. */
export function thisMachine(): Machine {
  const cores = Number(process.env.SQUIRE_CORES ?? availableParallelism())
  return { cores: cores >= 1 ? cores : availableParallelism(), memory: process.availableMemory() }
}

/** A worker without a model: V8's heap, the runtime and decoded samples. */
const WORKER_BYTES = 180 * 2 ** 20
/** What a session holds of each byte of weights: the weights, and the copy that the runtime packs for its kernels. */
const COPIES_OF_WEIGHTS = 2
/** Bytes of the float model's tensors that are compared at once; a larger tensor is compared alone. */
export const MOST_COMPARED_BYTES = 768 * 2 ** 20
/**
 * What a worker holds of each byte of the float model's tensors when it compares two models tensor by tensor: values, integers, what each operator alone is
 * fed with and writes, and copies on the way. ddddocr's detector, with 132 MB of tensors, takes 0.6 to 0.9 GB a worker so.
 */
const COPIES_COMPARED = 6
/** What a worker holds of each byte of the tensors while it observes them: the observed ones, the runtime's own, and what both leave in heaps. */
const COPIES_OBSERVED = 3
/** The share of free memory that workers may take: the rest is for the engine, and for others on this machine. */
const SHARE_OF_MEMORY = 0.8

export interface Workers {
  readonly threads: number
  /** Why there are fewer than were asked for. */
  readonly reason: string | undefined
}

/** What a worker's memory depends on, in bytes. */
export interface ModelBytes {
  readonly weights: number
  /** All tensors that are observed or compared, together. */
  readonly tensors: number
}

export function workersFor(asked: number, { weights, tensors }: ModelBytes, { cores, memory }: Machine): Workers {
  const compared = COPIES_COMPARED * Math.min(tensors, MOST_COMPARED_BYTES)
  const each = WORKER_BYTES + COPIES_OF_WEIGHTS * weights + Math.max(compared, COPIES_OBSERVED * tensors)
  const fitting = Math.max(1, Math.floor((memory * SHARE_OF_MEMORY) / each))
  const threads = Math.min(asked, cores, fitting)
  if (threads === asked) return { threads, reason: undefined }
  const reason =
    fitting < cores
      ? `each takes about ${megabytes(each)} MB with this model, and ${megabytes(memory)} MB are free`
      : `there are ${cores} cores, and more threads than that do no more work`
  return { threads, reason }
}

/** Bytes that the integer models which a worker measures at the same time may take together. */
const MEASURED_BYTES = 320 * 2 ** 20
/**
 * Models with more weights, in bytes, are measured one by one: until a model has been measured, the engine holds its integers and what they were solved from.
 */
const MOST_WEIGHTS_TOGETHER = 2 ** 24
/** What a session holds of activations, as a multiple of the largest: 4 for SqueezeNet, 18 for the PP-OCR detector. */
const ACTIVATIONS = 16

/**
 * How many integer models a worker measures at once, each sample loaded once for all.
 * @param weights bytes of the model's weights
 * @param activation bytes of its largest activation
 */
export function modelsAtOnce(weights: number, activation: number): number {
  if (weights > MOST_WEIGHTS_TOGETHER) return 1
  return Math.max(1, Math.floor(MEASURED_BYTES / (COPIES_OF_WEIGHTS * weights + ACTIVATIONS * activation)))
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
