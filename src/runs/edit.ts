// The model that a run is about: the file's, in float32, with what the options change of it before anything else is done. What the user's code
// feeds, and what it gets, are the inputs and outputs of this model.

import { createHash } from 'node:crypto'
import type { Config } from '../config/config.js'
import { convertOpset } from '../emit/opset/convertOpset.js'
import { SquireError } from '../errors.js'
import { cutOutputs } from '../onnx/edits/cutOutputs.js'
import { fixBatch, fixInputShapes, requireFittingShapes, withRanks } from '../onnx/edits/inputShapes.js'
import { normalizeInput } from '../onnx/edits/normalize.js'
import { arrayOfDataType, dataTypeName } from '../onnx/elements/datatype.js'
import { inSinglePrecision } from '../onnx/import/index.js'
import { opsetOf, readModel } from '../onnx/model.js'
import { inferTensors } from '../onnx/shapes/inference.js'
import { DataType, type Model, type ModelProto } from '../onnx/types.js'
import type { Reporter } from '../report/types.js'
import { movedNormalizations } from './given/inputDtypes.js'

/** The options that change the model. */
type Edits = Pick<Config, 'outputNames' | 'inputShapes' | 'irBatch' | 'mean' | 'std' | 'opsetVersion'> & {
  /** Of inputs that take bytes, as input-configs have them. */
  readonly moved: ReturnType<typeof movedNormalizations> | undefined
}

/** @throws SquireError for a model that cannot be read, and for a change that it cannot have */
export async function readGivenModel(config: Config, reporter: Pick<Reporter, 'info'>): Promise<Model> {
  const { outputNames, inputShapes, irBatch, mean, std, opsetVersion } = config
  const read = await readModel(config.model)
  const ranked = inputShapes === undefined ? read : { ...read, proto: withRanks(read.proto, inputShapes) }
  const { model, log } = inSinglePrecision(inRuntimeOpset(ranked, reporter))
  for (const line of log) reporter.info(line)
  const normalizations = movedNormalizations(config, model.proto)
  const moved = normalizations.length === 0 ? undefined : normalizations
  const edits: Edits = { outputNames, inputShapes, irBatch, mean, std, opsetVersion, moved }
  const asked = Object.entries(edits).filter(([, value]) => value !== undefined)
  if (asked.length === 0) return withNumericOutputs(model)
  const proto = await edited(model.proto, edits)
  const hash = createHash('sha256')
    .update(JSON.stringify([model.hash, asked]))
    .digest('hex')
  return withNumericOutputs({ ...model, proto, hash, fileHash: model.hash })
}

/** @throws SquireError UNSUPPORTED where an output of the model holds sequences, optional tensors or strings */
function withNumericOutputs(model: Model): Model {
  for (const { name, type } of model.proto.graph.output) {
    const elements = type?.tensorType?.elemType
    // An output that a cut made has no type, and an element type of 0 is left open.
    if (type === undefined || elements === 0 || (elements !== undefined && isNumeric(elements))) continue
    const got = elements === undefined ? 'is not a tensor' : `has ${dataTypeName(elements)}`
    const advice = `squire compares numeric tensors only; end the model before it (--output-name), or export it without it`
    throw new SquireError('UNSUPPORTED', `model output "${name}" ${got}; ${advice}`)
  }
  return model
}

/** Whether it is a type of numbers that the runtime gives, or one that import takes away. */
const isNumeric = (elements: number) => elements === DataType.BFLOAT16 || arrayOfDataType(elements) !== undefined

/** The runtime begins with opset 7. */
const FIRST_OPSET = 7

/** @throws SquireError UNSUPPORTED naming every operator of an older opset that has no later form */
function inRuntimeOpset(model: Model, reporter: Pick<Reporter, 'info'>): Model {
  const opset = opsetOf(model.proto)
  if (opset >= FIRST_OPSET) return model
  reporter.info(`the model is in opset ${opset}: converted to opset ${FIRST_OPSET}`)
  return { ...model, proto: convertOpset(model.proto, FIRST_OPSET, []) }
}

async function shaped(proto: ModelProto, shapes: readonly (readonly number[])[]): Promise<ModelProto> {
  const fixed = fixInputShapes(proto, shapes)
  await requireFittingShapes(fixed, shapes)
  return fixed
}

async function edited(proto: ModelProto, edits: Edits): Promise<ModelProto> {
  const { outputNames, inputShapes, irBatch, mean, std, opsetVersion, moved } = edits
  let result = proto
  if (outputNames !== undefined) result = cutOutputs(result, outputNames)
  if (inputShapes !== undefined) result = await shaped(result, inputShapes)
  if (irBatch !== undefined) result = fixBatch(result, irBatch)
  if (mean !== undefined && std !== undefined) result = normalizeInput(result, { mean, std })
  for (const { input, ...normalization } of moved ?? []) result = normalizeInput(result, normalization, input)
  if (opsetVersion === undefined) return result
  return convertOpset(result, opsetVersion, opsetOf(result) === opsetVersion ? [] : await inferTensors(result, {}))
}
