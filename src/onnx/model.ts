// Model files: read, checked and hashed. What readModel returns is a model squire can work on, whole and inside the limits;
// every reason why it cannot is told at once.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { ModelInput } from '../dataset/types.js'
import { fileProblem, SquireError } from '../errors.js'
import { readRegular } from '../files/regularFile.js'
import { arrayOfDataType, dataTypeName } from './elements/datatype.js'
import { toNumber } from './elements/int64.js'
import { checkModel } from './file/check.js'
import { decodeModel } from './file/codec.js'
import { externalPlace } from './file/external.js'
import { encodeMessage } from './file/schema.js'
import { withNamedOutputs } from './names/namedOutputs.js'
import { withUsableNames } from './names/usableNames.js'
import { isStandardDomain } from './operators.js'
import { isExternal, tensorByteLength } from './tensor.js'
import type { Model, ModelProto, ValueInfoProto } from './types.js'
import { allTensors, mapTensors } from './walk.js'

export { decodeModel, encodeModel } from './file/codec.js'
export { writeModel } from './file/write.js'

/** Reads, checks and hashes a model. External data are checked and hashed but stay on disk until a tensor is used. */
export async function readModel(file: string): Promise<Model> {
  const absolute = path.resolve(file)
  const bytes = await readBytes(absolute)
  const proto = withNamedOutputs(withUsableNames(decodeModel(bytes, `model "${file}"`)))
  checkModel(proto, `model "${file}"`)
  requireInputs(proto)
  const files = externalFiles(proto, absolute)
  const hash = await hashModel(bytes, files)
  const held = bytes.length > MOST_HELD ? leftOnDisk(proto, bytes, absolute) : located(proto, absolute)
  return { proto: held, path: absolute, hash }
}

/** Inputs without any shape are no fault yet: options may give them one. @throws SquireError UNSUPPORTED for other inputs that cannot be fed */
function requireInputs(proto: ModelProto): void {
  const { graph } = proto
  const input = graph.input.filter(({ type }) => type?.tensorType === undefined || type.tensorType.shape !== undefined)
  for (const one of modelInputs({ ...proto, graph: { ...graph, input } })) requireFeasible(one)
}

/** Bytes of a file that are kept in memory. */
const MOST_HELD = 2 ** 22
/** Bytes of a tensor that is worth a read of its own. */
const LARGE = 2 ** 16

/** Large tensors of a large file as external data of that very file: their bytes are read where they are used, and not held meanwhile. */
function leftOnDisk(proto: ModelProto, bytes: Uint8Array, file: string): ModelProto {
  const location = path.basename(file)
  const shell = mapTensors(proto, (tensor) => {
    const { rawData, ...rest } = tensor
    if (rawData === undefined || rawData.length < LARGE) return tensor
    const entries = { location, offset: String(rawData.byteOffset - bytes.byteOffset), length: String(rawData.length) }
    return { ...rest, dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) }
  })
  // Decoded anew, as the fields that are left would keep all of the file in memory: they are views of it.
  return located(decodeModel(encodeMessage(shell)), file)
}

function located(proto: ModelProto, modelFile: string): ModelProto {
  return mapTensors(proto, (tensor) => (isExternal(tensor) ? { ...tensor, modelFile } : tensor))
}

/** The version of the standard operator set the model imports. */
export function opsetOf(proto: ModelProto): number {
  const entry = proto.opsetImport.find(({ domain }) => isStandardDomain(domain))
  if (entry !== undefined) return toNumber(entry.version)
  throw new SquireError('MODEL', 'the model imports no version of the standard operator set (ai.onnx); export it again')
}

/** The key of the metadata that say which inputs a model takes with one value only. */
export const FIXED_INPUTS = 'fixed_inputs'

/** The key of the metadata that say which type inputs had in the model that was given, where they were converted. */
export const GIVEN_TYPES = 'given_types'

/** The graph inputs that a caller feeds: those that are not initializers, in model order. */
export function modelInputs(proto: ModelProto): ModelInput[] {
  const initializers = new Set(proto.graph.initializer.map(({ name }) => name))
  const inputs = proto.graph.input.filter(({ name }) => !initializers.has(name)).map(modelInput)
  const values = numbersByInput(proto, FIXED_INPUTS)
  const types = numbersByInput(proto, GIVEN_TYPES)
  return inputs.map((input) => {
    const [value, givenType] = [values.get(input.name), types.get(input.name)]
    return { ...input, ...(value !== undefined && { value }), ...(givenType !== undefined && { givenType }) }
  })
}

function numbersByInput({ metadataProps }: ModelProto, key: string): ReadonlyMap<string, number> {
  const property = metadataProps?.find((one) => one.key === key)
  return new Map(property ? Object.entries(JSON.parse(property.value) as Record<string, number>) : [])
}

/** What one input may have: squire holds some samples at a time, in each worker. */
const MAX_INPUT_ELEMENTS = 2 ** 28

/** @throws SquireError UNSUPPORTED for an input that no sample could fill in memory */
export function requireFeasible({ name, dims }: Pick<ModelInput, 'name' | 'dims'>): void {
  const elements = dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1)
  if (elements <= MAX_INPUT_ELEMENTS) return
  throw new SquireError(
    'UNSUPPORTED',
    `model input "${name}" with dims [${dims.join(', ')}] has ${elements} elements; squire feeds at most ${MAX_INPUT_ELEMENTS}`,
  )
}

function modelInput(info: ValueInfoProto): ModelInput {
  const type = info.type?.tensorType
  if (type === undefined || arrayOfDataType(type.elemType) === undefined) {
    const got = type === undefined ? 'is not a tensor' : `has ${dataTypeName(type.elemType)}`
    throw new SquireError('UNSUPPORTED', `model input "${info.name}" ${got}; squire feeds numeric tensors only`)
  }
  if (type.shape === undefined) {
    const advice = 'give its shape with --input-shapes (-is), or export the model again with input shapes'
    throw new SquireError('MODEL', `model input "${info.name}" does not say how many dimensions it has; ${advice}`)
  }
  const dims = type.shape.dim.map(({ dimValue, dimParam }) => {
    const value = dimValue === undefined ? -1 : toNumber(dimValue)
    return value < 0 ? (dimParam ?? '') : value
  })
  return { name: info.name, dataType: type.elemType, dims }
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size >= 2 ** 31)
      throw new Error('it is larger than the 2 GiB of a protobuf message: save it with external data')
    const buffer = await readRegular(file)
    if (buffer.length === 0) throw new Error('it is empty')
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  } catch (error) {
    throw new SquireError(
      'MODEL',
      `cannot read model "${file}": ${fileProblem(error)}; give the path of an .onnx file`,
      {
        cause: error,
      },
    )
  }
}

/** Checks that every external tensor is where it says; the files by location, in code-unit order. */
function externalFiles(proto: ModelProto, model: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const tensor of allTensors(proto).filter(isExternal)) {
    const { location, file, length } = externalPlace(tensor, model)
    const needed = tensorByteLength(tensor)
    if (needed > 0 && length !== needed) {
      const got = `${length} bytes in "${location}", needs ${needed}`
      throw new SquireError('MODEL', `external data of tensor "${tensor.name}" has ${got}; export the model again`)
    }
    files.set(location, file)
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** SHA-256 of the file; with external data, then of each file's location and bytes, in order of location. */
async function hashModel(bytes: Uint8Array, files: ReadonlyMap<string, string>): Promise<string> {
  const hash = createHash('sha256').update(bytes)
  for (const [location, file] of files) {
    hash.update(`\0${location}\0`)
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}
