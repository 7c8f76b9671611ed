// Writing a model to a path. Where its tensors pass what one protobuf message can hold, they go into one file beside it.

import { open } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, SquireError } from '../../errors.js'
import { tensorByteLength, tensorData } from '../tensor.js'
import type { ModelProto, TensorData, TensorProto } from '../types.js'
import { mapTensors } from '../walk.js'
import { encodeModel, MAX_INLINE_BYTES, tensorBytes, withoutPlace } from './codec.js'
import { encodeMessage } from './schema.js'

export interface WriteOptions {
  /** Tensors that take more than this together are written beside the model. Default: MAX_INLINE_BYTES. */
  readonly maxInlineBytes?: number
  /** Values of large tensors that hold none themselves, in pieces. */
  readonly values?: ReadonlyMap<TensorProto, () => Iterable<TensorData>>
}

/** Smaller tensors stay inside: shapes and scalars, which runtimes read while they load the graph. */
const MIN_EXTERNAL_BYTES = 1024
/** Lets a runtime map the file: the page size of most machines. */
const ALIGNMENT_BYTES = 4096

/** Writes a model; external data, if it takes any, to `{path}.data`. The model comes last, so one that is there is whole. */
export async function writeModel(proto: ModelProto, file: string, options: WriteOptions = {}): Promise<void> {
  const folder = path.dirname(file)
  try {
    for (const [name, pieces] of modelFiles(proto, path.basename(file), options)) {
      await writePieces(path.join(folder, name), pieces)
    }
  } catch (error) {
    if (error instanceof SquireError) throw error
    throw new SquireError('OUTPUT', `cannot write model "${file}": ${messageOf(error)}`, { cause: error })
  }
}

/**
 * A model as files by name: one, or its external data first, `{name}.data`, and then the model. Their bytes are made as they are asked for, a
 * tensor at a time, so that a large model is never held whole.
 */
export function modelFiles(
  proto: ModelProto,
  name: string,
  { maxInlineBytes = MAX_INLINE_BYTES, values = new Map() }: WriteOptions = {},
): Map<string, Iterable<Uint8Array>> {
  if (tensorBytes(proto) <= maxInlineBytes) return new Map([[name, lazily(() => encodeModel(proto))]])
  const location = `${path.posix.basename(name)}.data`
  const placed: Placed[] = []
  let end = 0
  const shell = mapTensors(proto, (tensor) => {
    const length = tensorByteLength(tensor)
    if (length < MIN_EXTERNAL_BYTES) return tensor
    const offset = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    end = offset + length
    placed.push({ tensor, offset })
    return externalTensor(tensor, location, offset, length)
  })
  return new Map([
    [`${name}.data`, dataOf(placed, values)],
    [name, lazily(() => encodeMessage(shell))],
  ])
}

interface Placed {
  readonly tensor: TensorProto
  readonly offset: number
}

function* lazily(make: () => Uint8Array): Iterable<Uint8Array> {
  yield make()
}

/** The tensors' bytes with zeros between them. */
function* dataOf(placed: readonly Placed[], values: NonNullable<WriteOptions['values']>): Iterable<Uint8Array> {
  let end = 0
  for (const { tensor, offset } of placed) {
    if (offset > end) yield new Uint8Array(offset - end)
    end = offset + tensorByteLength(tensor)
    for (const { buffer, byteOffset, byteLength } of values.get(tensor)?.() ?? [tensorData(tensor)]) {
      yield new Uint8Array(buffer, byteOffset, byteLength)
    }
  }
}

async function writePieces(file: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const handle = await open(file, 'w')
  try {
    // Each call goes on where the last one ended.
    for (const piece of pieces) await handle.writeFile(piece)
  } finally {
    await handle.close()
  }
}

function externalTensor(tensor: TensorProto, location: string, offset: number, length: number): TensorProto {
  const {
    rawData: _raw,
    floatData: _floats,
    int32Data: _ints,
    int64Data: _longs,
    doubleData: _doubles,
    uint64Data: _unsigned,
    ...rest
  } = withoutPlace(tensor)
  const entries = { location, offset: String(offset), length: String(length) }
  return { ...rest, dataLocation: 1, externalData: Object.entries(entries).map(([key, value]) => ({ key, value })) }
}
