// Bytes <-> ModelProto. A serialized model is whole: external data are put inside.

import { messageOf, SquireError } from '../../errors.js'
import { isExternal, tensorByteLength } from '../tensor.js'
import type { ModelProto, TensorProto } from '../types.js'
import { allTensors, mapTensors } from '../walk.js'
import { readExternal } from './external.js'
import { decodeMessage, encodeMessage } from './schema.js'
import { explainBytes } from './wire.js'

/** What a model's tensors may take in one file: a protobuf message ends at 2 GiB, the graph itself needs some of it. */
export const MAX_INLINE_BYTES = 1_900_000_000

/** Decodes a serialized model; tensors are views into `bytes`. `place` names the model in errors. */
export function decodeModel(bytes: Uint8Array, place = 'the model'): ModelProto {
  let message: Record<string, unknown>
  try {
    message = decodeMessage(bytes)
  } catch (error) {
    throw new SquireError('MODEL', `${place} ${explainBytes(bytes, messageOf(error))}`, { cause: error })
  }
  if (message.graph !== undefined) return message as unknown as ModelProto
  throw new SquireError('MODEL', `${place} ${explainBytes(bytes, 'it has no graph')}`)
}

/** Serializes a model, external data read and put inside. Throws a MODEL error where they pass MAX_INLINE_BYTES: use writeModel. */
export function encodeModel(proto: ModelProto): Uint8Array {
  const total = tensorBytes(proto)
  if (total <= MAX_INLINE_BYTES) return encodeMessage(mapTensors(proto, inlineTensor))
  const limit = `${MAX_INLINE_BYTES} that fit one file`
  throw new SquireError(
    'MODEL',
    `the model's tensors take ${total} bytes, more than the ${limit}; write it with external data`,
  )
}

/** Bytes of all tensors of a model, wherever they are kept. */
export function tensorBytes(proto: ModelProto): number {
  return allTensors(proto).reduce((sum, tensor) => sum + tensorByteLength(tensor), 0)
}

function inlineTensor(tensor: TensorProto): TensorProto {
  return isExternal(tensor) ? { ...withoutPlace(tensor), rawData: readExternal(tensor) } : tensor
}

/** The tensor without a word on where its data are. */
export function withoutPlace(tensor: TensorProto): TensorProto {
  const { externalData: _data, dataLocation: _location, modelFile: _model, ...rest } = tensor
  return rest
}
