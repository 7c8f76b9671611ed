// The model that a run is about: the file's, with what the options change of it before anything else is done. What the user's code feeds, and
// what it gets, are the inputs and outputs of this model.

import { createHash } from 'node:crypto'
import type { Config } from '../config/config.js'
import { convertOpset } from '../emit/convertOpset.js'
import { cutOutputs } from '../onnx/edits/cutOutputs.js'
import { fixBatch, fixInputShapes } from '../onnx/edits/inputShapes.js'
import { normalizeInput } from '../onnx/edits/normalize.js'
import { inferTensors } from '../onnx/inference.js'
import { opsetOf, readModel } from '../onnx/model.js'
import type { Model, ModelProto } from '../onnx/types.js'

/** The options that change the model. */
type Edits = Pick<Config, 'outputNames' | 'inputShapes' | 'irBatch' | 'mean' | 'std' | 'opsetVersion'>

/** @throws SquireError for a model that cannot be read, and for a change that it cannot have */
export async function readGivenModel(config: Config): Promise<Model> {
  const model = await readModel(config.model)
  const { outputNames, inputShapes, irBatch, mean, std, opsetVersion } = config
  const edits: Edits = { outputNames, inputShapes, irBatch, mean, std, opsetVersion }
  const asked = Object.entries(edits).filter(([, value]) => value !== undefined)
  if (asked.length === 0) return model
  const proto = await edited(model.proto, edits)
  const hash = createHash('sha256')
    .update(JSON.stringify([model.hash, asked]))
    .digest('hex')
  return { ...model, proto, hash }
}

async function edited(proto: ModelProto, edits: Edits): Promise<ModelProto> {
  const { outputNames, inputShapes, irBatch, mean, std, opsetVersion } = edits
  let result = proto
  if (outputNames !== undefined) result = cutOutputs(result, outputNames)
  if (inputShapes !== undefined) result = fixInputShapes(result, inputShapes)
  if (irBatch !== undefined) result = fixBatch(result, irBatch)
  if (mean !== undefined && std !== undefined) result = normalizeInput(result, { mean, std })
  if (opsetVersion === undefined) return result
  return convertOpset(result, opsetVersion, opsetOf(result) < opsetVersion ? await inferTensors(result, {}) : [])
}
