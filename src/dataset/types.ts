// What users bring: a dataset object with a metric (preferred: workers load it themselves) or an infer function (as in Knight).

import type { TensorValue } from '../onnx/types.js'

/** One input as users may write it: an ort-like tensor, or a typed array with dims. */
export interface TensorLike {
  readonly data: TensorValue['data'] | readonly number[]
  readonly dims: readonly number[]
  /** Default: by the typed array's kind. Needed for bool and float16 only. */
  readonly type?: TensorValue['type']
}

/** Model inputs in model order, or by input name. */
export type SampleInputs = readonly TensorLike[] | Readonly<Record<string, TensorLike>>

export interface Sample<Label = unknown> {
  readonly inputs: SampleInputs
  readonly label?: Label
}

/** Checked tensors by input name: what a session takes. */
export type Feeds = Readonly<Record<string, TensorValue>>

/** Model outputs in model order; also by name. */
export type Outputs = readonly TensorValue[] & { readonly byName: Readonly<Record<string, TensorValue>> }

/**
 * A metric as a fold: `State` must survive a structured clone. Partial states of fixed runs of samples are merged in sample order,
 * so the value cannot depend on the number of workers, even when the state holds floating-point sums.
 */
export interface Metric<State = unknown, Label = unknown> {
  readonly name: string
  initial(): State
  /** Adds one sample. May change `state` and return it. */
  update(state: State, outputs: Outputs, label: Label, index: number): State | Promise<State>
  merge(earlier: State, later: State): State
  /** The metric: a finite number; higher is better, by convention. */
  value(state: State): number
  /** More than the one number, for people: shown in the log with the name of the model that was measured. */
  details?(state: State): string
}

/** The preferred way to bring data: an object that every worker loads and asks for its own samples. */
export interface Dataset<State = unknown, Label = unknown> {
  /** How many samples. */
  size(): number | Promise<number>
  /**
   * Loads and preprocesses sample i, 0 <= i < size(). Called concurrently, on any worker. Must be a pure function of i.
   * The arrays are squire's from then on: return fresh ones, never a buffer that the next call overwrites.
   */
  load(index: number): Sample<Label> | Promise<Sample<Label>>
  /** A stable name of sample i (default: its number, in eight digits). Samples are taken in the order of their ids, so listing order does not matter. */
  id?(index: number): string
  /** The class of sample i, for `--per-class`; must not need the whole sample. */
  classOf?(index: number): string | number
  /** What the samples' content is, in any text: a cache or a checkpoint of another digest is refused. Default: the ids and the script's own text. */
  digest?(): string | Promise<string>
  readonly metric?: Metric<State, Label>
}

/** What makes a dataset from the command line: workers call it with the same options and get the same dataset. */
export type DatasetFactory = (options: DatasetOptions) => Dataset | Promise<Dataset>

export interface DatasetOptions {
  /** `-d`, as given; undefined without it. */
  readonly data: string | undefined
  readonly batchSize: number
  readonly inputs: readonly ModelInput[]
}

/** One input of the model. A dimension is a number, or a name (or '') where it is dynamic. */
export interface ModelInput {
  readonly name: string
  readonly dataType: number
  readonly dims: readonly (number | string)[]
  /** The only value that it may have: the model was made for that one. */
  readonly value?: number
  /** The type that it had before the model was converted to float32: samples may bring that, too. */
  readonly givenType?: number
}

/** What an infer function is given: Knight's members, camelCase with snake_case aliases. */
export interface Executor {
  /** How many forward passes the function should make. */
  readonly iteration: number
  readonly batchSize: number
  readonly batch_size: number
  /** `-d`, as given. */
  readonly dataset: string | undefined
  readonly inputNodes: readonly string[]
  readonly input_nodes: readonly string[]
  /** ONNX TensorProto.DataType numbers. */
  readonly inputTypes: readonly number[]
  readonly input_types: readonly number[]
  /** Input name -> dims, dynamic ones replaced by the batch size (as Knight does); filled by initShapeInfo(). */
  readonly shapeDicts: Readonly<Record<string, readonly number[]>>
  readonly shape_dicts: Readonly<Record<string, readonly number[]>>
  initShapeInfo(): void
  init_shape_info(): void
  readonly outputNodeList: readonly string[]
  readonly output_node_list: readonly string[]
  /** The outputs of all nodes -> the nodes' names. */
  outputNameToNodeName(): Readonly<Record<string, string>>
  output_name_to_node_name(): Readonly<Record<string, string>>
  /** Whether the function may stop early: set when the engine needs no more forward passes. */
  readonly earlyStopFlag: boolean
  readonly early_stop_flag: boolean
  readonly saveDir: string
  readonly save_dir: string
  /** `input-configs` of the JSON configuration, as given; empty without any. */
  readonly inputConfigs: readonly object[]
  readonly input_configs_dict: readonly object[]
  /**
   * Runs the model on one batch: one tensor an input, in model order. Resolves to the outputs in model order.
   * May be called concurrently; each call resolves to its own outputs.
   */
  forward(...inputs: TensorLike[]): Promise<Outputs>
  /**
   * For each of the first `iteration` items: `load` gives its inputs (one tensor, or a list in model order), the model runs, and `use` makes
   * something of the outputs. Resolves to what `use` gave, in the order of the items. Only a few items are in memory at a time; it stops
   * taking items when `earlyStopFlag` is set. Forwards are made in the order of the items, however long each takes to load.
   */
  map<Item, Result>(
    items: Iterable<Item> | AsyncIterable<Item>,
    load: (
      item: Item,
      index: number,
    ) => TensorLike | readonly TensorLike[] | Promise<TensorLike | readonly TensorLike[]>,
    use: (outputs: Outputs, item: Item, index: number) => Result | Promise<Result>,
  ): Promise<Result[]>
}

export type InferFunction = (executor: Executor) => number | undefined | null | Promise<number | undefined | null>
