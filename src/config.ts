// The options of one run, parsed once at the edge: frozen and fully filled. Inside, trust the types.

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { listed, SquireError } from './errors.js'

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
  readonly outputDequant: boolean
  /** 0 DEBUG, 1 INFO, 2 WARNING, 3 ERROR */
  readonly logLevel: 0 | 1 | 2 | 3
  readonly image: ImageOptions
  readonly selection: SampleSelection
  readonly onBadSample: BadSamplePolicy
  readonly resume: boolean
  readonly json: boolean
}

/** What a caller of the library must say, and may. Paths may be relative. */
export type ConfigOptions = Pick<Config, 'model'> & Partial<Config>

const defaults: Omit<Config, 'model' | 'cpuNum'> = {
  chip: 'TX5105C',
  runMode: 'quant',
  saveDir: 'squire_out',
  inferFunction: undefined,
  userScript: undefined,
  data: undefined,
  modes: ['kl'],
  percent: 0.99999,
  iterations: [1],
  evalIteration: undefined,
  batchSize: 1,
  bitWidth: 8,
  cacheDistribution: undefined,
  outputDequant: false,
  logLevel: 1,
  image: { colorSpace: 'BGR', mean: undefined, std: undefined, paddingConstantValue: undefined },
  selection: { samples: undefined, perClass: undefined, seed: 0 },
  onBadSample: 'error',
  resume: false,
  json: false,
}

/** Fills in what was left away, as the command does. @throws SquireError CONFIG for an unknown option or value */
export function makeConfig(options: ConfigOptions): Config {
  const known = ['model', 'cpuNum', ...Object.keys(defaults)]
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    throw new SquireError('CONFIG', `unknown option "${unknown}"; expected ${listed(known)}`)
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const config: Config = { ...defaults, cpuNum: availableParallelism(), ...given, model: options.model }
  if (typeof config.model !== 'string') throw wrong('model', 'the path of an ONNX file', config.model)
  const mode = config.modes.find((name) => !quantModes.includes(name))
  if (config.modes.length === 0 || mode !== undefined) throw wrong('modes', `some of ${listed(quantModes)}`, mode)
  for (const [name, counts] of Object.entries(counted(config))) {
    const bad = counts.find((count) => !Number.isInteger(count) || count < 1)
    if (counts.length === 0 || bad !== undefined) throw wrong(name, 'whole numbers of at least 1', bad)
  }
  if (!(config.percent > 0 && config.percent <= 1)) throw wrong('percent', 'a fraction, 0 < p <= 1', config.percent)
  const { userScript, cacheDistribution, iterations } = config
  return Object.freeze({
    ...config,
    model: resolve(config.model),
    saveDir: resolve(config.saveDir),
    userScript: userScript === undefined ? undefined : resolve(userScript),
    cacheDistribution: cacheDistribution === undefined ? undefined : resolve(cacheDistribution),
    modes: quantModes.filter((name) => config.modes.includes(name)),
    iterations: iterations === 'all' ? iterations : [...new Set(iterations)].sort((a, b) => a - b),
  })
}

/** The options that decide the numbers: not those that say where files are, how many workers there are or what is shown. */
export function decidingOptions(config: Config) {
  const { chip, bitWidth, runMode, inferFunction, modes, percent, iterations, evalIteration, batchSize } = config
  const { outputDequant, image, selection, onBadSample } = config
  return {
    ...{ chip, bitWidth, runMode, inferFunction, modes, percent, iterations, evalIteration, batchSize },
    ...{ outputDequant, image, selection, onBadSample },
  }
}

function counted({ iterations, evalIteration, batchSize, cpuNum }: Config): Record<string, readonly number[]> {
  const one = { batchSize: [batchSize], cpuNum: [cpuNum] }
  return {
    ...one,
    ...(iterations === 'all' ? {} : { iterations }),
    ...(evalIteration === undefined || evalIteration === 'all' ? {} : { evalIteration: [evalIteration] }),
  }
}

function wrong(name: string, expected: string, got: unknown): SquireError {
  return new SquireError('CONFIG', `option "${name}": expected ${expected}, got ${JSON.stringify(got) ?? 'none'}`)
}
