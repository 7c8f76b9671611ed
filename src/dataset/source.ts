// What a worker needs to open the very dataset that the engine opened. Plain data: it survives a structured clone, and what is large is in
// SharedArrayBuffers, which are handed over, not copied (and which JSON leaves out).

import type { ImageOptions } from '../config/config.js'
import type { ElementType } from '../onnx/types.js'
import type { Filter } from './formats/image/resample.js'
import type { NameTable } from './formats/listing/nameTable.js'

/** A dataset object exported by the user's module. */
export interface UserSource {
  readonly kind: 'user'
  /** Absolute path of the module (-uds). */
  readonly script: string
  /** The export (-if). */
  readonly exportName: string
  /** -d, as given. */
  readonly data: string | undefined
  readonly batchSize: number
}

/** How image files become tensors: the options, and what only built-in functions ask for. */
export interface Preprocessing extends ImageOptions {
  /** Default: bilinear. */
  readonly filter?: Filter
  /** ImageNet's evaluation: the shorter side is scaled to 256 where the input has 224, then the middle is cut out. */
  readonly crop?: boolean
  /** Without mean and std the tensor holds level / 255, not the level. */
  readonly unit?: boolean
}

/** Data that need no code: a folder or a file (-d). */
export interface PathSource {
  readonly kind: 'path'
  readonly path: string
  readonly image: Preprocessing
  /** Without labels there is nothing to measure, which is then an error. */
  readonly needsLabels?: boolean
  /** Samples are drawn in the order of their names, not by a hash of them. */
  readonly inOrder?: boolean
  /** A folder for what has to be unpacked; whoever made it removes it. Undefined: large packed arrays are refused. */
  readonly scratch?: string
  /** Absolute path of the folder that the run writes to: no data, even if it lies in the path. */
  readonly output?: string
  /** What was found there; undefined before the dataset has been opened for the first time. */
  readonly contents?: Contents
}

export type DatasetSource = UserSource | PathSource

export type Contents = FileContents | ArrayContents | TableContents | TarContents

/** The names of the formats in formats/registry.ts. */
export type FormatName = 'image' | 'npy' | 'npz' | 'bin' | 'tar' | TableFormat
export type TableFormat = 'arrow' | 'parquet'

/** One file a sample and input. */
export interface FileContents {
  readonly kind: 'files'
  /** One part for each input that has its own folder; a single part otherwise. All name the same samples in the same order, or a shorter one repeats. */
  readonly parts: readonly FilePart[]
  /** An int32 label for every sample, in the order of the names; undefined: no labels. */
  readonly labels: SharedArrayBuffer | undefined
}

export interface FilePart {
  /** The input the files are for. */
  readonly input: string
  readonly folder: string
  readonly format: FormatName
  /** Relative to `folder`, '/' between folders, in canonical order. */
  readonly names: NameTable
  /** Undefined: as the source's. */
  readonly image?: Preprocessing
  /** What follows every name in its file's name: '' where the names have it. */
  readonly extension: string
}

/** Arrays whose first axis counts the samples. */
export interface ArrayContents {
  readonly kind: 'arrays'
  readonly path: string
  readonly size: number
  /** Input name -> array. */
  readonly inputs: Readonly<Record<string, ArrayPlace>>
  readonly labels: ArrayPlace | undefined
}

/** Where an array's elements are: row-major from byte `start` of a file, or of `memory` where the file's own bytes are packed and few. */
export interface ArrayPlace {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly path: string
  readonly start: number
  readonly memory: SharedArrayBuffer | undefined
}

/** Arrow or Parquet files with the same columns: one row a sample. */
export interface TableContents {
  readonly kind: 'table'
  readonly format: TableFormat
  readonly files: readonly { readonly path: string; readonly rows: number }[]
  readonly size: number
  /** Input name -> column name. */
  readonly inputs: Readonly<Record<string, string>>
  readonly labelColumn: string | undefined
  /** The `id` column's values, in row order; undefined: file and row number are the id. */
  readonly ids: NameTable | undefined
}

/** Tar files in WebDataset's layout: members with the same name up to the first dot are one sample. */
export interface TarContents {
  readonly kind: 'tar'
  readonly files: readonly string[]
  /** Samples of each file. */
  readonly counts: readonly number[]
  readonly size: number
  /** What follows the first dot in the names of a sample's members: those of the inputs in their order, then the label's where there is one. */
  readonly fields: readonly string[]
  readonly ids: NameTable
  /** Float64 and uint32, one for each field of each sample: where the member's content is in its file, and its bytes. */
  readonly starts: SharedArrayBuffer
  readonly lengths: SharedArrayBuffer
}
