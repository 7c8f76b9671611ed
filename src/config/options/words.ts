// The words that options choose from.

export const quantModes = ['kl', 'min_max', 'mse', 'percentile', 'kl_v2'] as const
export type QuantMode = (typeof quantModes)[number]
/** What 'auto' chooses from: kl_v2 stands for kl, whose failures it mends. */
export const autoModes = ['min_max', 'mse', 'percentile', 'kl_v2'] as const satisfies readonly QuantMode[]

/** 'auto': the mode of autoModes that comes nearest to the float model. */
export type ModeChoice = QuantMode | 'auto'

/** Where a convolution pads a tensor with a zero point, a Pad must write that: 'unpadded' leaves such tensors as they are. */
export const zeroPointPolicies = ['none', 'unpadded', 'all'] as const
export type ZeroPointPolicy = (typeof zeroPointPolicies)[number]

/** 'auto': the policy that samples speak for. */
export const zeroPointChoices = [...zeroPointPolicies, 'auto'] as const

/** What is made better from calibration samples alone: fast is biases, best integer weights with the biases that go with them, or else biases alone. */
export const refinements = ['none', 'fast', 'best', 'biases', 'weights'] as const
export type Refinement = (typeof refinements)[number]

export const runModes = ['quant', 'infer', 'convert', 'compare', 'auto_quant'] as const
export type RunMode = (typeof runModes)[number]

/** The runs that an option is for, where it is not for all: those that quantize, that measure a metric, and that read the model that -m names. */
export const quantizing = ['quant', 'auto_quant'] as const satisfies readonly RunMode[]
export const measuring = ['quant', 'auto_quant', 'infer'] as const satisfies readonly RunMode[]
export const opening = ['quant', 'auto_quant', 'infer', 'convert'] as const satisfies readonly RunMode[]

export const inputDtypes = ['float32', 'int8', 'uint8', 'int16', 'None'] as const
export type InputDtype = (typeof inputDtypes)[number]

export const badSamplePolicies = ['error', 'skip'] as const
export type BadSamplePolicy = (typeof badSamplePolicies)[number]

export const colorSpaces = ['BGR', 'RGB', 'GRAY'] as const
export type ColorSpace = (typeof colorSpaces)[number]
