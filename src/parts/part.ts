// A part of a run, as one file holds it: what some chunks gave, and all that it belongs to. Parts with mergeParts are a partial commutative
// monoid: partial, because parts that overlap or belong to different runs have no sum.

import type { FoldPart } from '../engine/fold/part.js'

export type PartKind = 'calibration' | 'evaluation'

export interface Part extends FoldPart {
  readonly kind: PartKind
  /** All that the numbers depend on, in words: "model" -> its hash. Parts of one run have the same. */
  readonly key: Readonly<Record<string, string>>
  /** The sum of what is in the part's samples (see dataset/identity.ts). */
  readonly contents: bigint
  /** The machines that the part was made on, as far as results depend on them: sorted, each once. More than one: they round differently. */
  readonly machines: readonly Machine[]
}

/** What a part remembers of the machine it was made on. */
export interface Machine {
  /** SHA-256 (hex) of what the models gave for the first sample, on all bits: machines that round alike have the same. */
  readonly rounding: string
  /** For people: the processor's instruction set. Machines of several may round alike; the first in order of the alphabet stands for all. */
  readonly instructions: string
}
