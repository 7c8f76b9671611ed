// The options of one run, parsed once at the edge: frozen and fully filled. Inside, trust the types.

export const quantModes = ['kl', 'min_max', 'mse', 'percentile', 'kl_v2'] as const
export type QuantMode = (typeof quantModes)[number]

export const runModes = ['quant', 'infer'] as const
export type RunMode = (typeof runModes)[number]

export const badSamplePolicies = ['error', 'skip'] as const
export type BadSamplePolicy = (typeof badSamplePolicies)[number]

export const colorSpaces = ['BGR', 'RGB', 'GRAY'] as const
export type ColorSpace = (typeof colorSpaces)[number]

/** How image files become tensors when the dataset is a folder or a table and no code is given. mean and std are on the 0-255 scale. */
export interface ImageOptions {
  readonly colorSpace: ColorSpace
  readonly mean: readonly number[] | undefined
  readonly std: readonly number[] | undefined
  /** Keep the aspect ratio and pad with this value (0-255); undefined: stretch to the model's height and width. */
  readonly paddingConstantValue: number | undefined
}

/** Which samples of a dataset calibration takes first, drawn by a seeded hash of their ids. The evaluation may take more. */
export interface SampleSelection {
  /** Draw this many; undefined: all. */
  readonly samples: number | undefined
  /** Draw this many of each class. */
  readonly perClass: number | undefined
  readonly seed: number
}

export interface Config {
  readonly chip: string
  readonly runMode: RunMode
  /** Absolute path of the model. */
  readonly model: string
  /** Absolute path of the output folder. */
  readonly saveDir: string
  /** `-if`; undefined when not given: a folder given with -d is then the dataset, else infer_auto. */
  readonly inferFunction: string | undefined
  /** Absolute path of the ES module given with `-uds`. */
  readonly userScript: string | undefined
  /** `-d`, as given. */
  readonly data: string | undefined
  /** In table order, without repeats. */
  readonly modes: readonly QuantMode[]
  /** Fraction of values a percentile threshold keeps, 0 < p <= 1. */
  readonly percent: number
  /** Ascending, without repeats: one quantization each. 'all': every selected sample of a dataset. */
  readonly iterations: readonly number[] | 'all'
  /** How many iterations the metric runs over; undefined: as `iterations`. */
  readonly evalIteration: number | 'all' | undefined
  readonly batchSize: number
  readonly bitWidth: number
  /** Worker threads. */
  readonly cpuNum: number
  /** Absolute path of the statistics cache (`-cd`). */
  readonly cacheDistribution: string | undefined
  readonly generateScaleJson: boolean
  readonly outputDequant: boolean
  /** 0 DEBUG, 1 INFO, 2 WARNING, 3 ERROR */
  readonly logLevel: 0 | 1 | 2 | 3
  readonly image: ImageOptions
  readonly selection: SampleSelection
  readonly onBadSample: BadSamplePolicy
  readonly resume: boolean
  readonly json: boolean
}
