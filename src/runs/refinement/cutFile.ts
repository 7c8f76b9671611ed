// A model that computes some of its tensors and nothing else, as a file that workers open.

import { modelFile } from '../../engine/modelFile.js'
import type { ModelFile } from '../../engine/protocol.js'
import { cutOutputs } from '../../onnx/edits/cutOutputs.js'
import { modelInputs } from '../../onnx/model.js'
import type { ModelProto } from '../../onnx/types.js'

/** Undefined where all of the tensors are inputs. */
export async function cutFile(
  proto: ModelProto,
  names: readonly string[],
  path: string,
): Promise<ModelFile | undefined> {
  const inputs = new Set(modelInputs(proto).map(({ name }) => name))
  const written = names.filter((name) => !inputs.has(name))
  return written.length === 0 ? undefined : modelFile(cutOutputs(proto, written), path)
}
