// Models as files that workers open.

import { tensorBytes } from '../onnx/codec.js'
import { floatWeights } from '../onnx/floatWeights.js'
import { modelInputs } from '../onnx/model.js'
import { LEAST_MAPPED_BYTES } from '../onnx/openModel.js'
import type { ModelProto } from '../onnx/types.js'
import { writeModel } from '../onnx/write.js'
import type { ModelFile } from './protocol.js'

let serials = 0

/** Writes a model for the workers. */
export async function modelFile(proto: ModelProto, path: string): Promise<ModelFile> {
  const outputs = proto.graph.output.map(({ name }) => name)
  return { ...(await writtenFile(proto, path)), inputs: modelInputs(proto), outputs }
}

/** Large weights are mapped into memory from a file beside the model, and are floats there. */
export async function writtenFile(
  proto: ModelProto,
  path: string,
): Promise<Pick<ModelFile, 'path' | 'serial' | 'mapped'>> {
  const serial = serials++
  const floats = floatWeights(proto)
  if (tensorBytes(floats.proto) <= LEAST_MAPPED_BYTES) {
    await writeModel(proto, path)
    return { path, serial }
  }
  await writeModel(floats.proto, path, { maxInlineBytes: LEAST_MAPPED_BYTES, values: floats.values })
  return { path, serial, mapped: true }
}
