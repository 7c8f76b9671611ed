// Which types the inputs of the written model have: as -qid says, or for infer_common the entries of input-configs.

import type { Config, InputConfig } from '../../config/config.js'
import type { ModelInput } from '../../dataset/types.js'
import type { Normalization } from '../../onnx/edits/normalize.js'
import { modelInputs } from '../../onnx/model.js'
import { DataType, type ModelProto } from '../../onnx/types.js'

export type InputDtype = NonNullable<Config['quantizeInputDtype']>[number]

type Asked = Pick<Config, 'quantizeInputDtype' | 'inferFunction' | 'inputConfigs'>

/** One an input; undefined where nothing is said of it. */
export function dtypesOf(config: Asked, inputs: readonly ModelInput[]): readonly (InputDtype | undefined)[] {
  const { quantizeInputDtype: given } = config
  const bytes = new Set(byteInputs(config).map(({ input_name }) => input_name))
  return inputs.map(({ name }, i) => (bytes.has(name) ? 'uint8' : given?.[Math.min(i, given.length - 1)]))
}

/** Inputs that take levels of 0 to 255, with the normalization that moves into the model: of those that are float32. */
export function movedNormalizations(config: Asked, proto: ModelProto): readonly (Normalization & { input: string })[] {
  const inputs = modelInputs(proto)
  return byteInputs(config).flatMap(({ input_name, mean, std }) => {
    const isFloat = inputs.some(({ name, dataType }) => name === input_name && dataType === DataType.FLOAT)
    return isFloat ? [{ input: input_name, mean: mean!, std: std! }] : []
  })
}

function byteInputs({ inferFunction, inputConfigs }: Asked): readonly InputConfig[] {
  if (inferFunction !== 'infer_common') return []
  return inputConfigs?.filter(({ quantize_input_dtype }) => quantize_input_dtype === 'uint8') ?? []
}
