// input-configs of a JSON configuration: where the data of each input lie and how they become tensors, for infer_common. Keys are Knight's.

import * as v from 'valibot'
import { listed } from '../../errors.js'
import { flag, integer, real, several, structure } from '../values.js'
import { colorSpaces } from './words.js'

const dataFormats = ['Image', 'Numpy', 'Bin'] as const
const text = (expected: string) => v.pipe(v.string(`expected ${expected}`), v.nonEmpty(`expected ${expected}`))
const oneOf = <const W extends string>(words: readonly W[]) => v.picklist(words, `expected ${listed(words)}`)
const numbers = (expected: string, allowed: (value: number) => boolean) => several(real('X', expected, allowed)).schema
const level = integer('N', 0, 255)
/** Knight's documentation writes Gray. */
const colorSpace = v.pipe(
  oneOf([...colorSpaces, 'Gray']),
  v.transform((name) => (name === 'Gray' ? 'GRAY' : name)),
)
const letterbox =
  'expected false: write "padding_constant_value": 114 for what YOLO does (the aspect ratio stays, grey fills the rest)'

const entry = v.pipe(
  v.strictObject({
    input_name: text('the name of an input'),
    quant_data_format: oneOf(dataFormats),
    data_dir: text('the path of a folder'),
    color_space: v.optional(colorSpace, 'BGR'),
    mean: v.nullish(numbers('numbers', () => true)),
    std: v.nullish(numbers('numbers above 0', (x) => x > 0)),
    padding_constant_value: v.nullish(level.schema),
    is_yolo: v.optional(
      v.pipe(
        flag.schema,
        v.check((isYolo) => !isYolo, letterbox),
      ),
    ),
    quantize_input_dtype: v.nullish(oneOf(['float32', 'uint8'])),
  }),
  v.check(({ mean, std }) => (mean == null) === (std == null), 'mean and std go together: give both or neither'),
  v.check(
    ({ mean, quantize_input_dtype }) => quantize_input_dtype !== 'uint8' || mean != null,
    'quantize_input_dtype uint8 needs mean and std, which move into the model',
  ),
)

/** One input's data, as Knight's JSON has it. */
export type InputConfig = v.InferOutput<typeof entry>

export const inputConfigs = structure<readonly InputConfig[], readonly v.InferInput<typeof entry>[]>(
  v.pipe(
    v.array(entry, 'expected a list with an entry for each input'),
    v.nonEmpty('expected an entry for each input'),
  ),
  'a list with an entry for each input: { input_name, quant_data_format, data_dir, ... }',
  Object.keys(entry.pipe[0].entries),
)
