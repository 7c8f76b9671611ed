// Every option of squire, in the order of --help. To add one, add an entry to a file beside this one: nothing else changes.

import { dataOptions } from './data.js'
import { evaluationOptions } from './evaluation.js'
import { graphOptions } from './graph.js'
import { imageOptions } from './image.js'
import { modelOptions } from './model.js'
import { partOptions } from './parts.js'
import { quantizationOptions } from './quantization.js'
import { runOptions } from './run.js'

export const options = {
  ...modelOptions,
  ...graphOptions,
  ...dataOptions,
  ...quantizationOptions,
  ...evaluationOptions,
  ...imageOptions,
  ...partOptions,
  ...runOptions,
} as const
