// Operators that are linear in their weights: scaling and shifting their output per channel moves into weights and bias.
//
//     scale[c] * (W x + b)[c] + shift[c]  =  (scale[c] W[c]) x + (scale[c] b[c] + shift[c])
//
// Computed in double and rounded to float32 once.

import { floatAttribute, intAttribute } from '../../attribute.js'
import type { GraphIndex } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import { elementCount, floatValues, makeTensor, tensorDims } from '../../tensor.js'
import { DataType, type NodeProto, type TensorProto } from '../../types.js'

/** A Conv, ConvTranspose or Gemm with constant float32 weights and, if any, bias. */
export interface Linear {
  readonly node: NodeProto
  readonly weights: TensorProto
  readonly channels: number
  /** Rank of the output; channels are its axis 1. */
  readonly rank: number
  /** The output channel of a weight, by its row-major index. */
  channelOf(index: number): number
  /** The input channel that it is multiplied by. */
  inputOf(index: number): number
  /** What is added to each channel: the bias, or zeros. */
  readonly bias: Float64Array
}

/** The node as a linear operator; undefined when it is none, or when its weights or bias are not float32 constants. */
export function linearOperator(node: NodeProto, index: GraphIndex): Linear | undefined {
  const weights = floatConstant(node.input[1], index)
  if (weights === undefined || !isStandardDomain(node.domain)) return undefined
  const layout = layoutOf(node, tensorDims(weights))
  const bias = layout && biasOf(node, layout.channels, index)
  return layout && bias && { node, weights, bias, ...layout }
}

/** The initializer of this name, if it is float32. */
export function floatConstant(name: string | undefined, index: GraphIndex): TensorProto | undefined {
  const tensor = name ? index.initializer(name) : undefined
  return tensor?.dataType === DataType.FLOAT ? tensor : undefined
}

/** A per-channel affine map. */
export interface ChannelMap {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

export interface Absorbed {
  readonly node: NodeProto
  readonly tensors: readonly TensorProto[]
}

/** The operator followed by the map, as one operator that writes `output`; undefined when a new weight is not finite. */
export function absorb(
  linear: Linear,
  { scale, shift }: ChannelMap,
  output: string,
  nameOf: (wish: string) => string,
): Absorbed | undefined {
  const { node, weights, channelOf } = linear
  const scaled = floatValues(weights).map((value, index) => value * scale[channelOf(index)]!)
  const bias = Float32Array.from(linear.bias, (value, channel) => value * scale[channel]! + shift[channel]!)
  if (!scaled.every(Number.isFinite) || !bias.every(Number.isFinite)) return undefined
  const weightTensor = makeTensor(nameOf(`${output}_weight`), DataType.FLOAT, tensorDims(weights), scaled)
  const biasTensor = makeTensor(nameOf(`${output}_bias`), DataType.FLOAT, [bias.length], bias)
  const input = [node.input[0]!, weightTensor.name, biasTensor.name]
  // beta scaled the old bias: the new one has it inside.
  const attribute = node.attribute.filter(({ name }) => name !== 'beta')
  return { node: { ...node, input, output: [output], attribute }, tensors: [weightTensor, biasTensor] }
}

type Layout = Pick<Linear, 'channels' | 'rank' | 'channelOf' | 'inputOf'>

function layoutOf(node: NodeProto, dims: readonly number[]): Layout | undefined {
  const [rows = 0, columns = 0] = dims
  const rank = dims.length
  const kernel = elementCount(dims.slice(2))
  const group = intAttribute(node, 'group', 1)
  switch (node.opType) {
    case 'Conv': // [M, C/group, ...kernel]
      return {
        ...{ channels: rows, rank },
        channelOf: (index) => Math.floor(index / (columns * kernel)),
        inputOf: (index) =>
          Math.floor(index / (columns * kernel * (rows / group))) * columns + (Math.floor(index / kernel) % columns),
      }
    case 'ConvTranspose': {
      // [C, M/group, ...kernel]: the rows of one group share its M/group channels.
      const rowsPerGroup = rows / group
      const channelOf = (index: number) => {
        const row = Math.floor(index / (columns * kernel))
        return Math.floor(row / rowsPerGroup) * columns + (Math.floor(index / kernel) % columns)
      }
      const inputOf = (index: number) => Math.floor(index / (columns * kernel))
      return { channels: columns * group, rank, channelOf, inputOf }
    }
    case 'Gemm': // [K, N], or [N, K] with transB
      return intAttribute(node, 'transB', 0) === 0
        ? {
            ...{ channels: columns, rank },
            channelOf: (index) => index % columns,
            inputOf: (index) => Math.floor(index / columns),
          }
        : {
            ...{ channels: rows, rank },
            channelOf: (index) => Math.floor(index / columns),
            inputOf: (index) => index % columns,
          }
    default:
      return undefined
  }
}

function biasOf(node: NodeProto, channels: number, index: GraphIndex): Float64Array | undefined {
  const name = node.input[2]
  if (!name) return new Float64Array(channels)
  const tensor = floatConstant(name, index)
  // A convolution's bias is [M]; a Gemm's broadcasts to [rows, N] and is scaled by beta.
  const isGemm = node.opType === 'Gemm'
  const values = tensor && (isGemm ? channelValues(tensor, 2, channels, 1) : channelValues(tensor, 1, channels, 0))
  const beta = isGemm ? floatAttribute(node, 'beta', 1) : 1
  return values?.map((value) => value * beta)
}

/**
 * The values of a constant that broadcasts along one axis of a tensor of this rank, one a channel; undefined when it varies along another axis
 * or would make the result larger.
 */
export function channelValues(
  tensor: TensorProto,
  rank: number,
  channels: number,
  axis: number,
): Float64Array | undefined {
  const dims = tensorDims(tensor)
  const channelDim = dims.length - (rank - axis)
  if (dims.length > rank || dims.some((dim, index) => dim !== 1 && !(index === channelDim && dim === channels)))
    return undefined
  const values = floatValues(tensor)
  return Float64Array.from({ length: channels }, (_, channel) => values[values.length === 1 ? 0 : channel]!)
}
