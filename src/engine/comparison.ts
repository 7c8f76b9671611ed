// A comparison: two models that run on the same inputs, and which of their tensors stand for each other.

import type { Axes } from '../difference/centred.js'
import type { Codes } from '../difference/difference.js'
import type { ModelFile } from './protocol.js'

/** Two models on the same inputs, tensor by tensor. */
export interface Comparison {
  readonly reference: ModelFile
  readonly candidate: ModelFile
  /** Every operator that is measured alone is in one of these. */
  readonly own: readonly OwnModel[]
  readonly tensors: readonly ComparedTensor[]
}

/** A tensor of the reference, and the tensor that the candidate has in its place. */
export interface ComparedTensor {
  /** An output of the reference model, or an input of both. */
  readonly reference: string
  /** An output of the candidate. */
  readonly candidate: string
  /** How the candidate's values are to be read; undefined: as they are. */
  readonly codes: Codes | undefined
  /** Both are compared less their means over these axes; absent: as they are. */
  readonly centred?: Axes
  /** The output of one of the `own` models that holds what the tensor's operator makes of the reference's values. */
  readonly ownOutput: string | undefined
}

/** Operators of the candidate, each by itself and fed from the reference: what each one's own error is. */
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
