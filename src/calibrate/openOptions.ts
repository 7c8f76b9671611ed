// What a run tells those that open its data.

import type { Config } from '../config/config.js'
import type { DefinedDataset } from '../dataset/script/defineDataset.js'
import type { Dataset, InferFunction } from '../dataset/types.js'
import type { Pool } from '../engine/pool.js'
import type { Model } from '../onnx/types.js'
import type { Reporter } from '../report/types.js'
import type { FoldStore } from './dataset/datasetRun.js'

export interface OpenOptions {
  readonly config: Config
  /** The model as the user gave it: its inputs and outputs are what their code sees. */
  readonly model: Model
  readonly pool: Pool
  readonly store: FoldStore | undefined
  readonly reporter: Reporter
  readonly signal: AbortSignal
  /** The run's folder for temporary files. */
  readonly workspace: string
  readonly values?: DataValues
  /** Whether the runner's hold() will be asked; absent: it will not. */
  readonly holds?: boolean | undefined
}

/** What a caller of the library brings as a value: at most one of them. */
export interface DataValues {
  readonly dataset?: Dataset | DefinedDataset
  readonly infer?: InferFunction
}
