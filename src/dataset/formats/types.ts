// What a format of files is to squire: one sample a file, or many samples in files. registry.ts lists the formats.

import type { Contents, FormatName, Preprocessing } from '../source.js'
import type { ModelInput, Sample, TensorLike } from '../types.js'

/** Reads a file that is one sample (of one input) into tensors by input name. What it throws need not name the file. */
export type ReadSample = (file: string) => Promise<Readonly<Record<string, TensorLike>>>

export interface Format {
  readonly name: FormatName
  /** With the dot, in lower case. */
  readonly extensions: readonly string[]
  /** One sample a file. Files of a format without it always hold many samples. */
  readonly sample?: {
    /** Whether a file holds the tensors of all inputs; else the files of each input have a folder of their own. */
    readonly allInputs: boolean
    /** @throws SquireError DATA or CONFIG when such files cannot feed the input, or the options do not fit */
    reader(input: ModelInput, inputs: readonly ModelInput[], image: Preprocessing): ReadSample
  }
  /** Many samples in a file. Files of a format without it are always one sample each. */
  readonly rows?: {
    /**
     * Finds the samples of `files`, one file after another.
     * @param scratch a folder for what has to be unpacked to be read; undefined: large packed arrays are refused
     * @throws SquireError DATA when a file is damaged, or holds nothing that feeds the model
     */
    inspect(files: readonly string[], inputs: readonly ModelInput[], scratch?: string): Promise<Contents>
  }
}

/** What every form of data offers once it is found: samples by their number. */
export interface Reader {
  readonly size: number
  /** Whether samples have labels. */
  readonly labelled: boolean
  id(index: number): string
  /** Reads one sample. What it throws need not name the sample. */
  read(index: number): Promise<Sample<number>>
  /** Looks up the class of a sample without reading the sample. */
  classes(): Promise<(index: number) => number>
  /** Identity of the sample's content. */
  fingerprint(index: number): Promise<string>
  close(): Promise<void>
}
