// Models as files that workers open.

import { modelInputs } from '../onnx/model.js'
import type { ModelProto } from '../onnx/types.js'
import { writeModel } from '../onnx/write.js'
import type { ModelFile } from './protocol.js'

/** Writes a model for the workers. */
export async function modelFile(proto: ModelProto, path: string): Promise<ModelFile> {
  await writeModel(proto, path)
  return { path, inputs: modelInputs(proto), outputs: proto.graph.output.map(({ name }) => name) }
}
