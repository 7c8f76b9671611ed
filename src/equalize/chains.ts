// Which channels of which tensors can be scaled by one factor: an operator that writes them takes the factor out of its weights, operators that
// read them take it in, and what lies between gives scaled results for scaled values.
//
// Nodes of the float model are asked, not families of the chip's operators: scaling is finished before a plan divides the graph, it goes through
// what runs in float as well, and whether a node passes a factor on is a fact about ONNX's operator that no chip changes.

import { intAttribute, stringAttribute } from '../onnx/attribute.js'
import { type GraphIndex, indexGraph } from '../onnx/graph.js'
import { isStandardDomain } from '../onnx/operators.js'
import { type Linear, linearOperator } from '../onnx/passes/linear.js'
import { floatValues } from '../onnx/tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorInfo } from '../onnx/types.js'
import { type Chain, Channels } from './channels.js'

export interface Chains {
  readonly chains: readonly Chain[]
  /** Convolutions and matrix products with constant weights, by the tensor that they write. */
  readonly linear: ReadonlyMap<string, Linear>
  readonly index: GraphIndex
}

/** The chains that have a factor to choose, in graph order. */
export function findChains({ graph }: ModelProto, tensors: ReadonlyMap<string, TensorInfo>): Chains {
  const index = indexGraph(graph)
  const channels = new Channels(tensors)
  const linear = new Map<string, Linear>()
  for (const { name } of [...graph.input, ...graph.output]) channels.pin(name)
  for (const node of graph.node) {
    const weighted = linearOf(node, index, channels)
    if (weighted !== undefined) linear.set(node.output[0]!, weighted)
    else if (!passesOn(node, index, channels)) {
      for (const name of [...index.outerInputs(node), ...node.output]) channels.pin(name)
    }
  }
  const order = [...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]
  const chains = channels.chains(order).filter(({ free }) => free.includes(true))
  return { chains, linear, index }
}

function linearOf(node: NodeProto, index: GraphIndex, channels: Channels): Linear | undefined {
  const isRow = intAttribute(node, 'transA', 0) === 0
  const linear = isRow && node.input.lastIndexOf(node.input[0]!) === 0 ? linearOperator(node, index) : undefined
  return linear && channels.count(node.input[0]!) > 0 && channels.count(node.output[0]!) > 0 ? linear : undefined
}

/** Operators of one tensor that give f(c x) = c f(x) for any factor c > 0 of a channel. */
const perChannel: ReadonlySet<string> = new Set([
  ...['Relu', 'LeakyRelu', 'Identity', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'Resize'],
])
const sums: ReadonlySet<string> = new Set(['Add', 'Sub', 'Sum'])
/** They move the values of a channel, where it has but one. */
const reshaping: ReadonlySet<string> = new Set(['Flatten', 'Reshape', 'Squeeze'])

/** Whether a node writes scaled channels where it reads such; then their factors are made one. */
function passesOn(node: NodeProto, index: GraphIndex, channels: Channels): boolean {
  if (!isStandardDomain(node.domain)) return false
  const { opType } = node
  const inputs = node.input.filter((name) => name !== '' && index.initializer(name) === undefined)
  const [input, other] = inputs as [string, string | undefined]
  const [output] = node.output as [string]
  if (opType === 'Concat') return intAttribute(node, 'axis', 0) === 1 && channels.joinParts(node.input, output)
  if (inputs.length > 1 && sums.has(opType)) {
    return channels.sameDims(...inputs, output) && inputs.every((name) => channels.join(name, output))
  }
  if (inputs.length === 2 && opType === 'Mul') return channels.joinGated(input, other!, output)
  if (inputs.length !== 1 || node.output.filter((name) => name !== '').length !== 1) return false
  if (reshaping.has(opType)) return channels.areSingle(input, output) && channels.join(input, output)
  const keepsChannels = perChannel.has(opType) || isHalfLine(node, index) || isSpatialMean(node)
  const crops = stringAttribute(node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize'
  return keepsChannels && !crops && channels.sameRank(input, output) && channels.join(input, output)
}

/** A Clip that is a Relu. */
function isHalfLine({ opType, input }: NodeProto, index: GraphIndex): boolean {
  const [, low = '', high = ''] = input
  const bound = index.initializer(low)
  return opType === 'Clip' && high === '' && bound?.dataType === DataType.FLOAT && floatValues(bound)[0] === 0
}

function isSpatialMean(node: NodeProto): boolean {
  return node.opType === 'ReduceMean' && intAttribute(node, 'keepdims', 1) === 1
}
