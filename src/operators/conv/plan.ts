// Convolutions with constant weights, and per-channel arithmetic as 1x1 depthwise convolutions.

import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import { windowOf } from '../../onnx/geometry.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { weightFacts } from '../accumulation/facts.js'
import type { PlannedAccumulation } from '../accumulation/types.js'
import { followingClamp } from '../clamp.js'
import type { Match, Products, Refusal } from '../types.js'

export interface Geometry {
  readonly group: number
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** Explicit, [begin..., end...]: auto_pad is resolved with the tensor's dims. */
  readonly pads: readonly number[]
}

/** Weights are float32 [M, C/group, ...kernel]. */
export interface PlannedConv extends PlannedAccumulation, Geometry {}

export function convOf(node: NodeProto, view: GraphView): Match<PlannedConv> | Refusal | undefined {
  if (node.opType !== 'Conv') return undefined
  const [input, weightName, biasName = ''] = node.input
  if (!view.isActivation(input)) return undefined
  const weights = view.constant(weightName)
  const bias = biasName === '' ? undefined : view.constant(biasName)
  if (!weights || (biasName !== '' && !bias)) return { refusal: 'its weights are computed, not constant' }
  const [features = 0, , ...kernel] = weights.dims
  const { strides, dilations, pads } = windowOf(node, kernel, view.dims(input).slice(2))
  const { clamp, nodes, output } = followingClamp(node.output[0]!, view)
  const group = intAttribute(node, 'group', 1)
  const zeros = view.zeros(input)
  return {
    kind: 'conv',
    nodes: [node, ...nodes],
    inputs: [input],
    outputs: [output],
    weights,
    bias: bias?.data ?? new Float32Array(features),
    group,
    strides,
    dilations,
    pads,
    clamp,
    ...(zeros !== undefined && { inputOffset: offsetsOf(weights, group, zeros) }),
  }
}

/** For each weight what the real input is more than the one that the weight is multiplied by, where this one has other values for zero. */
function offsetsOf({ dims, data }: FloatConstant, group: number, zeros: Float64Array): Float32Array {
  const [features = 0, depth = 0, ...kernel] = dims
  const kernelSize = kernel.reduce((product, size) => product * size, 1)
  return data.map((_, at) => {
    const first = Math.floor(at / (depth * kernelSize * (features / group))) * depth
    return -zeros[first + (Math.floor(at / kernelSize) % depth)]!
  })
}

/** y = factor[c] * x + offset[c]. */
interface PerChannel {
  readonly factor: Float64Array
  readonly offset: Float64Array
}

/** What arithmetic with one value a channel is written with. */
export const channelwiseTypes: ReadonlySet<string> = new Set(['BatchNormalization', 'Mul', 'Add', 'Sub', 'Div'])

export function isChannelwise({ nodes }: PlannedConv): boolean {
  return channelwiseTypes.has(nodes[0]!.opType)
}

/** A chain of Mul, Add, Sub, Div with constants of one value a channel (axis 1), or a lone BatchNormalization. */
export function channelwiseOf(node: NodeProto, view: GraphView): Match<PlannedConv> | undefined {
  const input = node.input.find((name) => view.isActivation(name))
  const dims = input === undefined ? [] : view.dims(input)
  if (input === undefined || dims.length < 3) return undefined
  const first = perChannel(node, input, dims, view)
  if (!first) return undefined
  let { factor, offset } = first
  const nodes = [node]
  let output = node.output[0]!
  for (;;) {
    const next = view.soleReader(output)
    const more = next && perChannel(next, output, dims, view)
    if (!next || !more) break
    offset = offset.map((value, c) => value * more.factor[c]! + more.offset[c]!)
    factor = factor.map((value, c) => value * more.factor[c]!)
    nodes.push(next)
    output = next.output[0]!
  }
  const fused = followingClamp(output, view)
  const ones = dims.slice(2).map(() => 1)
  return {
    kind: 'conv',
    nodes: [...nodes, ...fused.nodes],
    inputs: [input],
    outputs: [fused.output],
    weights: { dims: [dims[1]!, 1, ...ones], data: Float32Array.from(factor) },
    bias: Float32Array.from(offset),
    group: dims[1]!,
    strides: ones,
    dilations: ones,
    pads: [...ones, ...ones].fill(0),
    clamp: fused.clamp,
  }
}

function perChannel(node: NodeProto, input: string, dims: readonly number[], view: GraphView): PerChannel | undefined {
  if (node.opType === 'BatchNormalization') return batchNormalization(node, input, view)
  if (node.input.length !== 2 || String(view.dims(node.output[0]!)) !== String(dims)) return undefined
  const constant = view.constant(node.input.find((name) => name !== input))
  const values = constant && channelValues(constant, dims)
  if (!values) return undefined
  const ones = values.map(() => 1)
  const zeros = values.map(() => 0)
  const inputFirst = node.input[0] === input
  switch (node.opType) {
    case 'Mul':
      return { factor: values, offset: zeros }
    case 'Div':
      return inputFirst ? { factor: values.map((value) => 1 / value), offset: zeros } : undefined
    case 'Add':
      return { factor: ones, offset: values }
    case 'Sub':
      return inputFirst
        ? { factor: ones, offset: values.map((value) => -value) }
        : { factor: values.map(() => -1), offset: values }
    default:
      return undefined
  }
}

/** y = scale * (x - mean) / sqrt(variance + epsilon) + bias, with its running statistics. */
function batchNormalization(node: NodeProto, input: string, view: GraphView): PerChannel | undefined {
  const [scale, bias, mean, variance] = node.input.slice(1).map((name) => view.constant(name)?.data)
  const others = node.output.slice(1).some((name) => name !== '')
  if (node.input[0] !== input || !scale || !bias || !mean || !variance || others) return undefined
  const epsilon = floatAttribute(node, 'epsilon', 1e-5)
  const factor = Float64Array.from(scale, (value, c) => value / Math.sqrt(variance[c]! + epsilon))
  return { factor, offset: factor.map((value, c) => bias[c]! - mean[c]! * value) }
}

/** A constant that broadcasts along axis 1 only, as one value a channel; a scalar counts. */
function channelValues({ dims, data }: FloatConstant, of: readonly number[]): Float64Array | undefined {
  const channels = of[1]!
  const axis = dims.length - of.length + 1
  const along = dims.every((size, at) => size === 1 || (at === axis && size === channels))
  if (!along || dims.length > of.length) return undefined
  return Float64Array.from({ length: channels }, (_, c) => data[data.length === 1 ? 0 : c]!)
}

/** The weights of each output channel. */
export function rowsOf({ weights: { dims, data } }: PlannedConv): Float32Array[] {
  const depth = data.length / dims[0]!
  return Array.from({ length: dims[0]! }, (_, c) => data.subarray(c * depth, (c + 1) * depth))
}

/** Per-channel arithmetic is none: its nodes keep their float constants in the QDQ model. */
export function productsOf(conv: PlannedConv): Products | undefined {
  const { weights, group, strides, dilations, pads } = conv
  if (isChannelwise(conv)) return undefined
  const rows = rowsOf(conv)
  const window = { kernel: weights.dims.slice(2), strides, dilations, pads }
  return { reading: { groups: group, depth: rows[0]!.length, window }, rows }
}

/** The largest magnitude among the weights of each output channel. */
export function largestWeights(conv: PlannedConv): number[] {
  return weightFacts(conv, () => rowsOf(conv)).map(({ largest }) => largest)
}
