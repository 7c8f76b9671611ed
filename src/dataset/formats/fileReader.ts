// One file a sample (and input): images, .npy, .npz and .bin files.

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ImageOptions } from '../../config.js'
import { SquireError } from '../../errors.js'
import type { FileContents, FilePart } from '../source.js'
import { tensorFor } from '../tensors/convert.js'
import { arrayOf, elementCount, elementTypeOf, viewBytes } from '../tensors/elements.js'
import { shown } from '../tensors/inputTensor.js'
import type { ModelInput, TensorLike } from '../types.js'
import { parseNpyHeader } from './arrays/npyFormat.js'
import { arraysInNpz, readPlace } from './arrays/npz.js'
import { fileFingerprint } from './fingerprint.js'
import { decodeImage, imageLayout } from './image.js'
import { openNames } from './listing/nameTable.js'
import type { Reader } from './reader.js'

/** Reads one file into tensors by input name. */
type ReadFile = (file: string) => Promise<Readonly<Record<string, TensorLike>>>

export function openFiles(contents: FileContents, inputs: readonly ModelInput[], image: ImageOptions): Reader {
  const parts = contents.parts.map((part) => {
    const input = inputs.find(({ name }) => name === part.input)
    if (input === undefined) throw new SquireError('DATA', `the model has no input "${part.input}"`)
    const names = openNames(part.names)
    return {
      names,
      pathOf: (index: number) => path.resolve(part.folder, names.at(index) + part.extension),
      read: readerOf(part, input, inputs, image),
    }
  })
  const labels = contents.labels === undefined ? undefined : new Int32Array(contents.labels)
  return {
    size: parts[0]!.names.size,
    labelled: labels !== undefined,
    id: parts[0]!.names.at,
    async read(index) {
      const tensors = await Promise.all(parts.map(({ read, pathOf }) => read(pathOf(index))))
      const sample = { inputs: Object.assign({}, ...tensors) as Record<string, TensorLike> }
      return labels === undefined ? sample : { ...sample, label: labels[index]! }
    },
    classes: async () => (index) => labels?.[index] ?? 0,
    fingerprint: async (index) => (await Promise.all(parts.map(({ pathOf }) => fileFingerprint(pathOf(index))))).join(),
    close: async () => {},
  }
}

function readerOf(
  { format }: FilePart,
  input: ModelInput,
  inputs: readonly ModelInput[],
  image: ImageOptions,
): ReadFile {
  switch (format) {
    case 'image': {
      const layout = imageLayout(input, image)
      return async (file) => ({ [input.name]: await decodeImage(await readFile(file), layout) })
    }
    case 'npy':
      return async (file) => ({ [input.name]: npyTensor(await readFile(file), input) })
    case 'bin': {
      const dims = binDims(input)
      return async (file) => ({ [input.name]: binTensor(await readFile(file), input, dims) })
    }
    case 'npz':
      return (file) => npzTensors(file, inputs)
  }
}

function npyTensor(bytes: Uint8Array, input: ModelInput): TensorLike {
  const { type, shape, start } = parseNpyHeader(bytes)
  const count = elementCount(shape)
  const data = bytes.subarray(start)
  if (data.length < count * arrayOf(type).BYTES_PER_ELEMENT) {
    throw new SquireError(
      'DATA',
      `is cut short: ${data.length} bytes of data, expected ${count} of ${type} for shape ${shown(shape)}`,
    )
  }
  return tensorFor(input, type, shape, viewBytes(data, type, count))
}

async function npzTensors(file: string, inputs: readonly ModelInput[]): Promise<Readonly<Record<string, TensorLike>>> {
  const arrays = await arraysInNpz(file, inputs)
  const tensors: Record<string, TensorLike> = {}
  for (const input of inputs) {
    const place = arrays.inputs[input.name]!
    tensors[input.name] = tensorFor(input, place.type, place.shape, await readPlace(place))
  }
  return tensors
}

/** A .bin file has no shape of its own: the model's, one sample where the first axis is dynamic. */
function binDims(input: ModelInput): readonly number[] {
  const dims = input.dims.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? 1 : dim))
  if (dims.every((dim) => typeof dim === 'number')) return dims
  throw new SquireError(
    'DATA',
    `.bin files cannot feed input "${input.name}" with dims ${shown(input.dims)}: they have no shape. Use .npy files`,
  )
}

function binTensor(bytes: Uint8Array, input: ModelInput, dims: readonly number[]): TensorLike {
  const type = elementTypeOf(input.dataType)
  if (type === undefined)
    throw new SquireError('DATA', `.bin files cannot feed input "${input.name}" of ONNX type ${input.dataType}`)
  const size = arrayOf(type).BYTES_PER_ELEMENT
  const row = elementCount(dims.slice(1)) * size
  const batch = elementCount(dims) * size
  if (bytes.length !== batch && bytes.length !== row) {
    throw new SquireError(
      'DATA',
      `has ${bytes.length} bytes, expected ${batch} for ${type} ${shown(dims)} of input "${input.name}"`,
    )
  }
  return {
    type,
    data: viewBytes(bytes, type, bytes.length / size),
    dims: bytes.length === batch ? dims : [1, ...dims.slice(1)],
  }
}
