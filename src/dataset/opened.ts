// Samples, ready to be loaded: what a folder, a table or a script's dataset is to everyone who uses it.

import type { DatasetSource } from './source.js'
import type { Feeds, Metric } from './types.js'

export interface OpenedDataset {
  /** Number of samples, at least 1. */
  readonly size: number
  /** Opens this very dataset again, in another thread, without listing it again. */
  readonly source: DatasetSource
  readonly metric: Metric | undefined
  /** Samples are drawn in canonical order, not by a hash of their ids. */
  readonly inOrder?: boolean
  /** A stable name of a sample. */
  id(index: number): string
  /** Reads and checks one sample. @throws SquireError DATA naming the sample */
  load(index: number): Promise<{ readonly feeds: Feeds; readonly label: unknown }>
  /** Looks up classes without reading samples; undefined where samples have no labels. */
  classes?(): Promise<(index: number) => string | number>
  /** SHA-256 (hex) of which samples these are, in this order, and how they become tensors: without reading them. */
  listing(indices: Uint32Array): Promise<string>
  /** The sum of what is in these samples (see identity.ts and fingerprint.ts). */
  contents(indices: Uint32Array): Promise<bigint>
  /** SHA-256 (hex) of the identity of these samples: both of the above. */
  digest(indices: Uint32Array): Promise<string>
  close(): Promise<void>
}

/** An order of samples takes some bytes each, and their ids are looked at before anything runs. */
export const MAX_SAMPLES = 20_000_000

/** The id of a sample that has nothing but its number. Eight digits, whatever the size: ids stay when data are added. */
export function numberedId(index: number): string {
  return String(index).padStart(8, '0')
}
