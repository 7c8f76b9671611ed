// Writing a model to a path. Where its tensors pass what one protobuf message can hold, they go into one file beside it.

import { open, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, SquireError } from '../errors.js'
import { encodeModel, MAX_INLINE_BYTES, tensorBytes, withoutPlace } from './codec.js'
import { encodeMessage } from './schema.js'
import { tensorByteLength, tensorData } from './tensor.js'
import type { ModelProto, TensorProto } from './types.js'
import { mapTensors } from './walk.js'

export interface WriteOptions {
  /** Tensors that take more than this together are written beside the model. Default: MAX_INLINE_BYTES. */
  readonly maxInlineBytes?: number
}

/** Smaller tensors stay inside: shapes and scalars, which runtimes read while they load the graph. */
const MIN_EXTERNAL_BYTES = 1024
/** Lets a runtime map the file: the page size of most machines. */
const ALIGNMENT_BYTES = 4096

/** Writes a model; external data, if it takes any, to `{path}.data`. The model comes last, so one that is there is whole. */
export async function writeModel(proto: ModelProto, file: string, options: WriteOptions = {}): Promise<void> {
  try {
    const inline = tensorBytes(proto) <= (options.maxInlineBytes ?? MAX_INLINE_BYTES)
    await writeFile(file, inline ? encodeModel(proto) : await writeSplit(proto, file))
  } catch (error) {
    if (error instanceof SquireError) throw error
    throw new SquireError('OUTPUT', `cannot write model "${file}": ${messageOf(error)}`, { cause: error })
  }
}

/** Writes the data file and returns the bytes of the model that refers to it. One tensor is in memory at a time. */
async function writeSplit(proto: ModelProto, file: string): Promise<Uint8Array> {
  const location = `${path.basename(file)}.data`
  const placed: { readonly tensor: TensorProto; readonly offset: number }[] = []
  let end = 0
  const split = mapTensors(proto, (tensor) => {
    const length = tensorByteLength(tensor)
    if (length < MIN_EXTERNAL_BYTES) return tensor
    const offset = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    end = offset + length
    placed.push({ tensor, offset })
    return externalTensor(tensor, location, offset, length)
  })
  const handle = await open(path.join(path.dirname(file), location), 'w')
  try {
    for (const { tensor, offset } of placed) {
      const { buffer, byteOffset, byteLength } = tensorData(tensor)
      await writeFully(handle, new Uint8Array(buffer, byteOffset, byteLength), offset)
    }
  } finally {
    await handle.close()
  }
  return encodeMessage(split)
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

async function writeFully(handle: Awaited<ReturnType<typeof open>>, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const count = Math.min(bytes.length - written, 2 ** 30)
    written += (await handle.write(bytes, written, count, offset + written)).bytesWritten
  }
}
