// The options of one run, made once at the edge: frozen and fully filled. Inside, trust the types.

import { SquireError } from '../errors.js'
import { type InputsOf, isOption, type OptionTable, type ValuesOf } from './option.js'
import { options } from './options/index.js'
import type { ColorSpace, ModeChoice } from './options/words.js'
import { readOptions } from './read.js'
import { type Naming, rules } from './rules.js'

export type { InputConfig } from './options/inputConfigs.js'
export * from './options/words.js'

/** As the table says, before what depends on other options is filled in. */
export type Parsed = ValuesOf<typeof options>

export interface Config extends Omit<Parsed, 'model' | 'modes' | 'iterations' | 'image'> {
  /** Absolute path of the model. */
  readonly model: string
  readonly image: Parsed['image'] & { readonly colorSpace: ColorSpace }
  /** In table order, without repeats: one quantization each; or 'auto' alone. */
  readonly modes: readonly ModeChoice[]
  /** Ascending, without repeats: one quantization each. 'all': every selected sample of a dataset. */
  readonly iterations: readonly number[] | 'all'
}

/** What a caller of the library must say, and may. Paths may be relative. */
export type ConfigOptions = InputsOf<typeof options> & { readonly model: string }

export type ImageOptions = Config['image']
export type SampleSelection = Config['selection']

/**
 * The only way to a Config: for the library, and for the command line and JSON, which say with `name` how the user wrote an option.
 * @throws SquireError CONFIG for an unknown option, a value that is not allowed, or options that do not go together
 */
export function makeConfig(given: ConfigOptions, name: Naming = (key) => `option "${key}"`): Config {
  const parsed = readOptions(options, given, name)
  if (parsed.model === undefined) {
    throw new SquireError('CONFIG', `${name('model')}: expected the path of an ONNX file, got none`)
  }
  for (const rule of rules) {
    const problem = rule(parsed, name)
    if (problem !== undefined) throw new SquireError('CONFIG', problem)
  }
  return deepFreeze(complete({ ...parsed, model: parsed.model }))
}

/** Defaults that depend on other options. A draw of samples is a wish to calibrate on them; else Knight's defaults. */
function complete(parsed: Parsed & { readonly model: string }): Config {
  const { samples, perClass } = parsed.selection
  const drawn = samples !== undefined || perClass !== undefined
  const iterations = parsed.iterations ?? (drawn ? ['all'] : [1])
  return {
    ...parsed,
    image: { ...parsed.image, colorSpace: parsed.image.colorSpace ?? colorSpaceOf(parsed.inferFunction) },
    modes: parsed.modes ?? [parsed.bitWidth === 16 ? 'min_max' : 'auto'],
    iterations: iterations.includes('all') ? 'all' : iterations.filter((count) => count !== 'all'),
  }
}

/** ImageNet's evaluation is PyTorch's; else OpenCV's order, as in Knight. */
function colorSpaceOf(inferFunction: string | undefined): ColorSpace {
  return inferFunction === 'imagenet_benchmark' ? 'RGB' : 'BGR'
}

/** The options that decide the numbers: not those that say where files are, how many workers there are or what is shown. */
export function decidingOptions(config: Config): Readonly<Record<string, unknown>> {
  const deciding = Object.entries<OptionTable[string]>(options).filter(
    ([, entry]) => !isOption(entry) || entry.decides !== false,
  )
  return Object.fromEntries(deciding.map(([key]) => [key, config[key as keyof Config]]))
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
