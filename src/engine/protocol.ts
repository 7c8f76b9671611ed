// The thread protocol: every message between the engine and its workers. Workers hold no policy: a task says all there is to do.
// A worker answers a failure it understands as a value; a rejected task therefore always means that the worker died.

import type { QuantMode } from '../config/config.js'
import type { StackAxes } from '../dataset/batch.js'
import type { DatasetSource } from '../dataset/source.js'
import type { ModelInput } from '../dataset/types.js'
import type { Axes } from '../difference/centred.js'
import type { Codes } from '../difference/difference.js'
import type { TensorDifference } from '../difference/tensors.js'
import type { ErrorCode } from '../errors.js'
import type { Histogram } from '../histogram/types.js'
import type { BlockedLayout } from '../onnx/layout.js'
import type { TensorInfo, TensorValue } from '../onnx/types.js'
import type { Descended, DescentRequest } from '../refine/descent.js'
import type { Reading } from '../refine/reading.js'
import type { Gram, Means } from '../refine/statistics.js'

/** A model file that workers open, each once, and keep open while it is in use. */
export interface ModelFile {
  readonly path: string
  /** Which of the model files it is that the engine has written: a path may be written again, and is then another model. */
  readonly serial: number
  /** The runtime's own optimizer made it: it is opened as it is. */
  readonly optimized?: boolean
  /** Its weights lie in a file beside it, as they are large. */
  readonly beside?: boolean
  /** They are used where they are mapped. */
  readonly mapped?: boolean
  readonly inputs: readonly ModelInput[]
  /** The outputs users see, in model order; observed tensors are further outputs of the file. */
  readonly outputs: readonly string[]
}

/** What to observe during a forward pass, and where the chunk's statistics go. */
export interface Observation {
  readonly tensors: readonly string[]
  /** Dims of each tensor, for one sample, when every input has `inputDims`: the runtime then writes into preallocated memory. */
  readonly dims: readonly (readonly number[])[]
  /** Those that the runtime leaves in its own memory order, by name. */
  readonly blocked: Readonly<Record<string, BlockedLayout>>
  /** Those that may hold masks, which do not count. */
  readonly masked: readonly string[]
  readonly inputDims: Readonly<Record<string, readonly number[]>>
  /** How many samples of those dims a forward pass takes at once. */
  readonly stacked: number
  /** Along which axis an input, output or observed tensor holds them one after the other, where that is not the first. */
  readonly stackAxes: StackAxes
  /** The model's own outputs, for inputs of those dims. */
  readonly outputs: Readonly<Record<string, TensorInfo>>
  /**
   * The buffer that the chunk's statistics are written to. Its ownership travels with the task: a worker writes it once, last thing,
   * the engine reads it when the task is answered. A worker that dies leaves a buffer that nobody reads.
   */
  readonly buffer: SharedArrayBuffer
}

export interface SamplesTask {
  readonly kind: 'samples'
  /** Each sample runs through all of them; what is observed is one model. They take the same inputs and have the same outputs. */
  readonly models: readonly ModelFile[]
  readonly source: DatasetSource
  /** Dataset indices and their ids, in canonical order. */
  readonly samples: readonly { readonly index: number; readonly id: string }[]
  /** Samples a forward pass takes: 1, or the model's fixed batch. */
  readonly samplesPerForward: number
  readonly observation: Observation | undefined
  /** Whether the metric is wanted. */
  readonly measure: boolean
  /** The quantized model's input dims where the float model is measured for comparison: both on the same samples. */
  readonly inputDims: Observation['inputDims'] | undefined
  readonly onBadSample: 'error' | 'skip'
  /** One int32: not 0 asks the worker to give up between two forward passes. */
  readonly stop: SharedArrayBuffer
}

/** The inputs of one sample: user code runs in workers, which may die of it. */
export interface LoadTask {
  readonly kind: 'load'
  readonly source: DatasetSource
  readonly inputs: readonly ModelInput[]
  readonly sample: SamplesTask['samples'][number]
}

/** A tensor of the reference model and what the candidate has in its place. */
export interface ComparedTensor {
  /** An output of the reference model, or an input of both. */
  readonly reference: string
  /** An output of the candidate. */
  readonly candidate: string
  /** How the candidate's values are to be read; undefined: as they are. */
  readonly codes: Codes | undefined
  /** Both are compared less their means over these axes; absent: as they are. */
  readonly centred?: Axes
  /** The output of the `own` model that holds what the tensor's operator makes of the reference's values. */
  readonly ownOutput: string | undefined
}

/** The candidate's operators, each by itself and fed from the reference: what each one's own error is. */
export interface OwnModel {
  readonly file: ModelFile
  readonly fed: readonly FedTensor[]
}

/** An input of an OwnModel that takes the reference's values as codes. */
export interface FedTensor {
  readonly input: string
  readonly reference: string
  readonly codes: Codes
}

/** Two models on the same inputs, tensor by tensor. */
export interface Comparison {
  readonly reference: ModelFile
  readonly candidate: ModelFile
  readonly own: OwnModel | undefined
  readonly tensors: readonly ComparedTensor[]
}

export interface CompareSamplesTask
  extends Pick<SamplesTask, 'source' | 'samples' | 'samplesPerForward' | 'onBadSample' | 'stop'> {
  readonly kind: 'compareSamples'
  /** All of one reference, whose forward passes they share. */
  readonly comparisons: readonly Comparison[]
}

/** One forward pass of an infer function. */
export interface CompareForwardTask {
  readonly kind: 'compareForward'
  /** As in CompareSamplesTask. */
  readonly comparisons: readonly Comparison[]
  readonly feeds: Readonly<Record<string, TensorValue>>
  /** The outputs of the reference that are answered. */
  readonly outputs: readonly string[]
  /** Tensors of the reference that need not be computed again. */
  readonly known?: Readonly<Record<string, TensorValue>>
  readonly name: string
}

export interface ForwardTask {
  readonly kind: 'forward'
  readonly model: ModelFile
  readonly feeds: Readonly<Record<string, TensorValue>>
  /** For messages: "forward 3". */
  readonly name: string
  readonly observation: Observation | undefined
}

/** The inputs of a forward pass that refinement runs again and again, and a number that stands for them wherever something is drawn. */
export interface HeldSample {
  readonly feeds: Readonly<Record<string, TensorValue>>
  readonly seed: number
}

/** What refinement is told of an operator's input. */
export interface GatheredInput {
  /** The input or output of the model that holds it. */
  readonly tensor: string
  /** What a unit of the tensor's values is worth: 1 where they are real. */
  readonly unit: number
  /** A code's worth of what the operator reads, and its width. */
  readonly step: number
  readonly bits: number
  /** Where the tensor is a sequence of what steps read: which of its elements is not read. */
  readonly sequence: { readonly unread: 'first' | 'last' | undefined } | undefined
  readonly reading: Reading
}

/** Sums over what operators read, of some forward passes. */
export interface GatherTask {
  readonly kind: 'gather'
  readonly samples: readonly HeldSample[]
  /** The integer model for Gram matrices, the float model for means; undefined where all that is read are its inputs. */
  readonly model: ModelFile | undefined
  readonly inputs: readonly GatheredInput[]
  /** Patches of each operator and forward pass that enter its Gram matrix; undefined: means are wanted, of all patches. */
  readonly patches: number | undefined
  readonly stop: SharedArrayBuffer
}

/** Better integers for an operator's weights. */
export interface DescendTask {
  readonly kind: 'descend'
  readonly request: DescentRequest
}

/** Thresholds of some histograms, for every mode asked. */
export interface SolveTask {
  readonly kind: 'solve'
  readonly histograms: readonly Histogram[]
  readonly modes: readonly QuantMode[]
  readonly percent: number
  readonly qmax: readonly number[]
}

export type Task =
  | SamplesTask
  | LoadTask
  | CompareSamplesTask
  | CompareForwardTask
  | ForwardTask
  | GatherTask
  | DescendTask
  | SolveTask

export interface Failed {
  readonly kind: 'failed'
  readonly code: ErrorCode
  readonly message: string
  /** Where it was thrown: for -l 0 alone. */
  readonly stack?: string
}

export interface SkippedSample {
  readonly index: number
  readonly id: string
  readonly reason: string
}

export interface SamplesDone {
  readonly kind: 'done'
  /** The metric's state after the chunk's measured samples, one for each model; undefined without a metric. */
  readonly states: readonly unknown[]
  readonly skipped: readonly SkippedSample[]
  /** How many samples the buffer's statistics hold. */
  readonly observed: number
}

export interface CompareSamplesDone {
  readonly kind: 'done'
  /** Of the tensors of all comparisons, one after the other. */
  readonly differences: readonly TensorDifference[]
  /** How many samples they hold. */
  readonly compared: number
}

export interface CompareForwardDone extends ForwardDone {
  readonly differences: readonly TensorDifference[]
}

/** The chunk was given up because `stop` was set. */
export interface Stopped {
  readonly kind: 'stopped'
}

export interface LoadDone {
  readonly kind: 'done'
  readonly feeds: Readonly<Record<string, TensorValue>>
}

export interface ForwardDone {
  readonly kind: 'done'
  /** In model order. */
  readonly outputs: readonly { readonly name: string; readonly value: TensorValue }[]
}

/** Sums over what one operator reads: those that were wanted. */
export interface Gathered {
  readonly means: Means | undefined
  readonly gram: Gram | undefined
}

export interface GatherDone {
  readonly kind: 'done'
  /** In the order of the task's inputs. */
  readonly gathered: readonly Gathered[]
}

export interface DescendDone extends Descended {
  readonly kind: 'done'
}

export interface SolveDone {
  readonly kind: 'done'
  /** thresholds[i][j]: histogram i, mode j. */
  readonly thresholds: readonly (readonly number[])[]
}

export type CompareSamplesAnswer = CompareSamplesDone | Stopped | Failed
export type CompareForwardAnswer = CompareForwardDone | Failed
export type SamplesAnswer = SamplesDone | Stopped | Failed
export type LoadAnswer = LoadDone | Failed
export type ForwardAnswer = ForwardDone | Failed
export type GatherAnswer = GatherDone | Stopped | Failed
export type DescendAnswer = DescendDone | Failed
export type SolveAnswer = SolveDone | Failed
