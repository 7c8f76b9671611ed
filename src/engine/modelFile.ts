// Models as files that workers open.

import { tensorBytes } from '../onnx/codec.js'
import { modelInputs } from '../onnx/model.js'
import { LEAST_MAPPED_BYTES } from '../onnx/openModel.js'
import type { ModelProto } from '../onnx/types.js'
import { writeModel } from '../onnx/write.js'
import type { ModelFile } from './protocol.js'

/** Writes a model for the workers. */
export async function modelFile(proto: ModelProto, path: string): Promise<ModelFile> {
  await writeModel(proto, path, { maxInlineBytes: LEAST_MAPPED_BYTES })
  const mapped = tensorBytes(proto) > LEAST_MAPPED_BYTES
  return {
    path,
    ...(mapped && { mapped }),
    inputs: modelInputs(proto),
    outputs: proto.graph.output.map(({ name }) => name),
  }
}
