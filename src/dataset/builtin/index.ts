// Names for -if that need no script: functions that drive the model, and data that squire drives through it.

import type { ImageOptions, InputConfig } from '../../config/config.js'
import { SquireError } from '../../errors.js'
import type { PathSource } from '../source.js'
import type { InferFunction, ModelInput } from '../types.js'
import { imagenetSource } from './imagenet.js'
import { inferAuto } from './inferAuto.js'
import { commonSource } from './inferCommon.js'
import { numpySource } from './numpy.js'

export interface BuiltInOptions {
  readonly data: string | undefined
  readonly image: ImageOptions
  readonly inputConfigs: readonly InputConfig[] | undefined
}

export type BuiltIn =
  | { readonly kind: 'function'; readonly infer: InferFunction }
  | {
      readonly kind: 'dataset'
      readonly source: (options: BuiltInOptions, inputs: readonly ModelInput[]) => Promise<PathSource>
    }

export const builtIns: Readonly<Record<string, BuiltIn>> = {
  infer_auto: { kind: 'function', infer: inferAuto },
  infer_common: {
    kind: 'dataset',
    source: ({ inputConfigs }, inputs) => commonSource(required(inputConfigs, 'infer_common', 'input-configs'), inputs),
  },
  imagenet_benchmark: {
    kind: 'dataset',
    source: ({ data, image }, inputs) =>
      imagenetSource(required(data, 'imagenet_benchmark', '--data (-d)'), image, inputs),
  },
  numpy_benchmark: {
    kind: 'dataset',
    source: ({ data, image }, inputs) => numpySource(required(data, 'numpy_benchmark', '--data (-d)'), image, inputs),
  },
}

function required<T>(value: T | undefined, name: string, option: string): T {
  if (value !== undefined) return value
  throw new SquireError('USAGE', `the built-in "${name}" (-if) needs ${option}`)
}
