// How image files become tensors when the dataset is a folder or a table and no code is given.

import { option } from '../option.js'
import { integer, oneOf, real, several } from '../values.js'
import { colorSpaces } from './words.js'

const group = 'Image files as data'

const number = real('X', 'a number', () => true)
const positive = real('X', 'a number above 0', (x) => x > 0)

export const imageOptions = {
  /** How image files become tensors. mean and std are on the 0-255 scale: both or neither. */
  image: {
    /** Channel order. */
    colorSpace: option(oneOf('NAME', colorSpaces), {
      long: 'color-space',
      group,
      help: 'channel order (default: BGR; RGB for imagenet_benchmark)',
    }),
    /** Subtracted: one value, or one a channel. */
    mean: option(several(number), {
      long: 'image-mean',
      group,
      help: 'subtracted, on the 0-255 scale: one, or one a channel',
    }),
    /** Then divided by: one value, or one a channel. */
    std: option(several(positive), {
      long: 'image-std',
      group,
      help: 'then divided by: one, or one a channel',
    }),
    /** Keep the aspect ratio and pad with this value (0-255); undefined: stretch to the model's height and width. */
    paddingConstantValue: option(integer('N', 0, 255), {
      long: 'padding-constant-value',
      group,
      help: 'keep the aspect ratio and pad with N (default: stretch)',
    }),
  },
} as const
