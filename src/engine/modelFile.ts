// Models as files that workers open.

import { tensorBytes } from '../onnx/codec.js'
import { modelInputs } from '../onnx/model.js'
import { LEAST_MAPPED_BYTES } from '../onnx/openModel.js'
import type { ModelProto } from '../onnx/types.js'
import { writeModel } from '../onnx/write.js'
import type { ModelFile } from './protocol.js'

let serials = 0

/** Writes a model for the workers. */
export async function modelFile(proto: ModelProto, path: string, leastMapped?: number): Promise<ModelFile> {
  const outputs = proto.graph.output.map(({ name }) => name)
  return { ...(await writtenFile(proto, path, leastMapped)), inputs: modelInputs(proto), outputs }
}

/** @param leastMapped weights of more bytes are mapped into memory from a file beside the model */
export async function writtenFile(
  proto: ModelProto,
  path: string,
  leastMapped = LEAST_MAPPED_BYTES,
): Promise<Pick<ModelFile, 'path' | 'serial' | 'mapped'>> {
  await writeModel(proto, path, { maxInlineBytes: leastMapped })
  return { path, serial: serials++, ...(tensorBytes(proto) > leastMapped && { mapped: true }) }
}
