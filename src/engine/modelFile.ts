// Models as files that workers open.

import { tensorBytes } from '../onnx/file/codec.js'
import { writeModel } from '../onnx/file/write.js'
import { modelInputs } from '../onnx/model.js'
import { floatWeights } from '../onnx/runtime/floatWeights.js'
import { LEAST_BESIDE_BYTES, LEAST_MAPPED_BYTES } from '../onnx/runtime/openModel.js'
import type { ModelProto } from '../onnx/types.js'
import type { ModelFile } from './protocol.js'

let serials = 0

/**
 * Writes a model for the workers.
 * @param leastMapped as in writtenFile
 */
export async function modelFile(
  proto: ModelProto,
  path: string,
  leastMapped: number = LEAST_MAPPED_BYTES,
): Promise<ModelFile> {
  const outputs = proto.graph.output.map(({ name }) => name)
  return { ...(await writtenFile(proto, path, leastMapped)), inputs: modelInputs(proto), outputs }
}

/**
 * Large weights lie in a file beside the model, and those that are mapped into memory are floats there.
 * @param leastMapped bytes; what is not more is not mapped
 */
export async function writtenFile(
  proto: ModelProto,
  path: string,
  leastMapped: number,
): Promise<Pick<ModelFile, 'path' | 'serial' | 'beside' | 'mapped'>> {
  const serial = serials++
  const floats = floatWeights(proto)
  if (tensorBytes(floats.proto) > leastMapped) {
    await writeModel(floats.proto, path, { maxInlineBytes: leastMapped, values: floats.values })
    return { path, serial, beside: true, mapped: true }
  }
  await writeModel(proto, path, { maxInlineBytes: LEAST_BESIDE_BYTES })
  return { path, serial, beside: tensorBytes(proto) > LEAST_BESIDE_BYTES }
}
