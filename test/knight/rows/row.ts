// What a row of docs/knight.md is checked by.

import type { runConfig } from '../run.js'

/** A run of the row's options, of the model that the row names. */
export type Ran = Awaited<ReturnType<typeof runConfig>>

export interface ShownRow {
  /** The model that is quantized. Default: net.onnx. */
  readonly model?: string
  /** Words beside the row's own option: data, a mode. */
  readonly beside?: string
  /** What has to be there before the run. */
  readonly before?: () => Promise<unknown>
  /** The option on the command line, and the same in a JSON file: both must give one configuration. */
  readonly words: string
  readonly json: Readonly<Record<string, unknown>>
  /** Checks that the run did what the row says. */
  readonly shows: (ran: Ran) => Promise<void> | void
}

/** Options that are errors, in both ways of writing them. */
export interface RefusedRow {
  readonly beside?: string
  readonly words: string
  readonly json: Readonly<Record<string, unknown>>
  readonly refused: RegExp
}

/** A row that is no option of a run: checked by a function of its own. */
export interface OwnRow {
  readonly check: () => Promise<void>
}

export type Row = ShownRow | RefusedRow | OwnRow
/** By the row's last name, without dashes. */
export type Rows = Readonly<Record<string, readonly Row[]>>
