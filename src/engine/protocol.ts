// The thread protocol: every message between the engine and its workers. Workers hold no policy: a task says all there is to do.
// Each task stands beside its answer. A worker answers a failure it understands as a value; a rejected task therefore always means that the worker died.

import type { QuantMode } from '../config/config.js'
import type { StackAxes } from '../dataset/batch.js'
import type { DatasetSource } from '../dataset/source.js'
import type { ModelInput } from '../dataset/types.js'
import type { TensorDifference } from '../difference/tensors.js'
import type { ErrorCode } from '../errors.js'
import type { Histogram } from '../histogram/types.js'
import type { BlockedLayout } from '../onnx/runtime/layout.js'
import type { TensorInfo, TensorValue } from '../onnx/types.js'
import type { Descended, DescentRequest } from '../refine/descent.js'
import type { Reading } from '../refine/reading.js'
import type { Gram, Means } from '../refine/statistics.js'
import type { Comparison } from './comparison.js'

/** A model file that workers open, each once, and keep open while it is in use. */
export interface ModelFile {
  readonly path: string
  /** Every model file that the engine writes has its own number: a path may be written again, and then holds another model. */
  readonly serial: number
  /** The runtime's optimizer wrote the file: it is opened without optimizing it again. */
  readonly optimized?: boolean
  /** The weights are large, and lie in a file beside this one. */
  readonly beside?: boolean
  /** A session computes with the weights where they are mapped, without a copy. */
  readonly mapped?: boolean
  readonly inputs: readonly ModelInput[]
  /** The outputs users see, in model order; observed tensors are further outputs of the file. */
  readonly outputs: readonly string[]
}

export interface Failed {
  readonly kind: 'failed'
  readonly code: ErrorCode
  readonly message: string
  /** The stack trace, which -l 0 alone shows. */
  readonly stack?: string
}

/** The chunk was given up because `stop` was set. */
export interface Stopped {
  readonly kind: 'stopped'
}

export interface SamplesTask {
  readonly kind: 'samples'
  /** Models with the same inputs and outputs, each of which runs every sample. An observation is of one model alone. */
  readonly models: readonly ModelFile[]
  readonly source: DatasetSource
  /** Dataset indices and their ids, in canonical order. */
  readonly samples: readonly { readonly index: number; readonly id: string }[]
  /** How many samples a forward pass takes: 1, or the model's fixed batch. */
  readonly samplesPerForward: number
  readonly observation: Observation | undefined
  /** Whether the metric is wanted. */
  readonly measure: boolean
  /** The quantized model's input dims, where the float model is measured on those samples alone that the quantized model can take. */
  readonly inputDims: Observation['inputDims'] | undefined
  readonly onBadSample: 'error' | 'skip'
  /** One int32: not 0 asks the worker to give up between two forward passes. */
  readonly stop: SharedArrayBuffer
}

/** What to observe during a forward pass, and where the chunk's statistics go. */
export interface Observation {
  readonly tensors: readonly string[]
  /** Dims of each tensor, for one sample, when every input has `inputDims`: the runtime then writes into preallocated memory. */
  readonly dims: readonly (readonly number[])[]
  /** Tensors that the runtime leaves in its own memory order, by name. */
  readonly blocked: Readonly<Record<string, BlockedLayout>>
  /** Tensors that may hold masks, which are not counted. */
  readonly masked: readonly string[]
  readonly inputDims: Readonly<Record<string, readonly number[]>>
  /** How many samples of `inputDims` a forward pass takes at once. */
  readonly stacked: number
  /** The axis along which an input, output or observed tensor holds stacked samples one after the other, where it is not the first. */
  readonly stackAxes: StackAxes
  /** The model's own outputs, for inputs of `inputDims`. */
  readonly outputs: Readonly<Record<string, TensorInfo>>
  /**
   * The buffer that the chunk's statistics are written to. Its ownership travels with the task: a worker writes it once, last thing,
   * the engine reads it when the task is answered. A worker that dies leaves a buffer that nobody reads.
   */
  readonly buffer: SharedArrayBuffer
}

export interface SamplesDone {
  readonly kind: 'done'
  /** The metric's state after the chunk's measured samples, one for each model; undefined without a metric. */
  readonly states: readonly unknown[]
  readonly skipped: readonly SkippedSample[]
  /** How many samples the buffer's statistics hold. */
  readonly observed: number
}

export interface SkippedSample {
  readonly index: number
  readonly id: string
  readonly reason: string
}

export type SamplesAnswer = SamplesDone | Stopped | Failed

/** Loads the inputs of one sample in a worker, as user code may bring down the thread that it runs in. */
export interface LoadTask {
  readonly kind: 'load'
  readonly source: DatasetSource
  readonly inputs: readonly ModelInput[]
  readonly sample: SamplesTask['samples'][number]
}

export interface LoadDone {
  readonly kind: 'done'
  readonly feeds: Readonly<Record<string, TensorValue>>
}

export type LoadAnswer = LoadDone | Failed

export interface CompareSamplesTask
  extends Pick<SamplesTask, 'source' | 'samples' | 'samplesPerForward' | 'onBadSample' | 'stop'> {
  readonly kind: 'compareSamples'
  /** Comparisons with one and the same reference, whose forward passes they share. */
  readonly comparisons: readonly Comparison[]
}

export interface CompareSamplesDone {
  readonly kind: 'done'
  /** One for each tensor of each comparison, one comparison after the other. */
  readonly differences: readonly TensorDifference[]
  /** How many samples the differences are summed over. */
  readonly compared: number
}

export type CompareSamplesAnswer = CompareSamplesDone | Stopped | Failed

/** One forward pass of an infer function. */
export interface CompareForwardTask {
  readonly kind: 'compareForward'
  /** Comparisons with one and the same reference, whose forward pass they share. */
  readonly comparisons: readonly Comparison[]
  readonly feeds: Readonly<Record<string, TensorValue>>
  /** The outputs of the reference that the answer brings. */
  readonly outputs: readonly string[]
  /** Tensors of the reference that need not be computed again. */
  readonly known?: Readonly<Record<string, TensorValue>>
  readonly name: string
}

export interface CompareForwardDone extends ForwardDone {
  readonly differences: readonly TensorDifference[]
}

export type CompareForwardAnswer = CompareForwardDone | Failed

export interface ForwardTask {
  readonly kind: 'forward'
  readonly model: ModelFile
  readonly feeds: Readonly<Record<string, TensorValue>>
  /** For messages: "forward 3". */
  readonly name: string
  readonly observation: Observation | undefined
}

export interface ForwardDone {
  readonly kind: 'done'
  /** In model order. */
  readonly outputs: readonly { readonly name: string; readonly value: TensorValue }[]
}

export type ForwardAnswer = ForwardDone | Failed

/** Sums over what operators read in some forward passes. */
export interface GatherTask {
  readonly kind: 'gather'
  readonly samples: readonly HeldSample[]
  /** The integer model for Gram matrices, the float model for means; undefined where the operators read the model's inputs alone. */
  readonly model: ModelFile | undefined
  readonly inputs: readonly GatheredInput[]
  /** How many patches of each forward pass enter an operator's Gram matrix; undefined where means of all patches are wanted instead. */
  readonly patches: number | undefined
  readonly stop: SharedArrayBuffer
}

/** The inputs of a forward pass that refinement runs again and again, and a number that stands for them wherever something is drawn. */
export interface HeldSample {
  readonly feeds: Readonly<Record<string, TensorValue>>
  readonly seed: number
}

/** An operator's input, as refinement reads it. */
export interface GatheredInput {
  /** The input or output of the model that holds it. */
  readonly tensor: string
  /** The real value of one unit of the tensor: its scale where it holds integers, 1 where it holds real values. */
  readonly unit: number
  /** The scale of what the operator reads, and its width. */
  readonly step: number
  readonly bits: number
  /** Where the steps of an operator read the tensor's elements one by one: which of them no step reads. */
  readonly sequence: { readonly unread: 'first' | 'last' | undefined } | undefined
  readonly reading: Reading
}

export interface GatherDone {
  readonly kind: 'done'
  /** In the order of the task's inputs. */
  readonly gathered: readonly Gathered[]
}

/** The sums over what one operator reads that its task asks for. */
export interface Gathered {
  readonly means: Means | undefined
  readonly gram: Gram | undefined
}

export type GatherAnswer = GatherDone | Stopped | Failed

/** Chooses better integers for an operator's weights. */
export interface DescendTask {
  readonly kind: 'descend'
  readonly request: DescentRequest
}

export interface DescendDone extends Descended {
  readonly kind: 'done'
}

export type DescendAnswer = DescendDone | Failed

/** Solves the thresholds of some histograms in every mode asked for. */
export interface SolveTask {
  readonly kind: 'solve'
  readonly histograms: readonly Histogram[]
  readonly modes: readonly QuantMode[]
  readonly percent: number
  readonly qmax: readonly number[]
}

export interface SolveDone {
  readonly kind: 'done'
  /** thresholds[i][j]: histogram i, mode j. */
  readonly thresholds: readonly (readonly number[])[]
}

export type SolveAnswer = SolveDone | Failed

export type Task =
  | SamplesTask
  | LoadTask
  | CompareSamplesTask
  | CompareForwardTask
  | ForwardTask
  | GatherTask
  | DescendTask
  | SolveTask

/** What a worker may answer to any task. */
export type Answer =
  | SamplesAnswer
  | LoadAnswer
  | CompareSamplesAnswer
  | CompareForwardAnswer
  | ForwardAnswer
  | GatherAnswer
  | DescendAnswer
  | SolveAnswer
