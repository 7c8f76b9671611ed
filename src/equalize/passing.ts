// How ONNX's operators hand scaled channels on, a line each: the only place of this folder that names operators. What is not here ends a chain.
//
// Nodes of the float model are asked, not families of the chip's operators: scaling is finished before a plan divides the graph, it goes through
// what runs in float as well, and whether a node passes a factor on is a fact about ONNX's operator that no chip changes.

import { intAttribute, stringAttribute } from '../onnx/attribute.js'
import type { GraphIndex } from '../onnx/graph.js'
import { isStandardDomain } from '../onnx/operators.js'
import { floatValues } from '../onnx/tensor.js'
import { DataType, type NodeProto } from '../onnx/types.js'
import type { Channels } from './channels.js'

interface Passage {
  readonly node: NodeProto
  /** The activations that it reads. */
  readonly inputs: readonly string[]
  readonly output: string
  readonly channels: Channels
  readonly index: GraphIndex
}

/** Whether the node writes scaled channels where it reads such; then their factors are made one. */
type Rule = (passage: Passage) => boolean

const ofOne =
  (rule: (input: string, passage: Passage) => boolean): Rule =>
  (passage) =>
    passage.inputs.length === 1 &&
    passage.node.output.filter((name) => name !== '').length === 1 &&
    rule(passage.inputs[0]!, passage)

/** f(c x) = c f(x) for any factor c > 0 of a channel. */
const ofEachChannel = ofOne(
  (input, { output, channels }) => channels.sameRank(input, output) && channels.join(input, output),
)

/** The values of a channel move, where it has but one. */
const ofSingleValues = ofOne(
  (input, { output, channels }) => channels.areSingle(input, output) && channels.join(input, output),
)

/** A constant among the addends is not scaled with them. */
const sum: Rule = ({ node, inputs, output, channels }) =>
  inputs.length > 1 &&
  inputs.length === node.input.length &&
  channels.sameDims(...inputs, output) &&
  inputs.every((name) => channels.join(name, output))

const product: Rule = ({ inputs, output, channels }) =>
  inputs.length === 2 && channels.joinGated(inputs[0]!, inputs[1]!, output)

const concat: Rule = ({ node, output, channels }) =>
  intAttribute(node, 'axis', 0) === 1 && channels.joinParts(node.input, output)

const isHalfLine: Rule = ({ node: { input }, index }) => {
  const [, low = '', high = ''] = input
  const bound = index.initializer(low)
  return high === '' && bound?.dataType === DataType.FLOAT && floatValues(bound)[0] === 0
}

const keepsDims: Rule = ({ node }) => intAttribute(node, 'keepdims', 1) === 1

const keepsEnds: Rule = ({ node }) =>
  stringAttribute(node, 'coordinate_transformation_mode', '') !== 'tf_crop_and_resize'

const rules: ReadonlyMap<string, Rule> = new Map([
  ['Add', sum],
  ['AveragePool', ofEachChannel],
  ['Clip', (passage) => isHalfLine(passage) && ofEachChannel(passage)],
  ['Concat', concat],
  ['Flatten', ofSingleValues],
  ['GlobalAveragePool', ofEachChannel],
  ['GlobalMaxPool', ofEachChannel],
  ['Identity', ofEachChannel],
  ['LeakyRelu', ofEachChannel],
  ['MaxPool', ofEachChannel],
  ['Mul', product],
  ['ReduceMean', (passage) => keepsDims(passage) && ofEachChannel(passage)],
  ['Relu', ofEachChannel],
  ['Reshape', ofSingleValues],
  ['Resize', (passage) => keepsEnds(passage) && ofEachChannel(passage)],
  ['Squeeze', ofSingleValues],
  ['Sub', sum],
  ['Sum', sum],
] satisfies [string, Rule][])

export function passesOn(node: NodeProto, index: GraphIndex, channels: Channels): boolean {
  const rule = isStandardDomain(node.domain) ? rules.get(node.opType) : undefined
  const inputs = node.input.filter((name) => name !== '' && index.initializer(name) === undefined)
  return rule?.({ node, inputs, output: node.output[0]!, channels, index }) === true
}

/** The tensors whose channels, one tensor after the other, are the channels that the node writes. */
export function partsOf({ opType, input }: NodeProto, read: string): readonly string[] {
  return opType === 'Concat' ? input : [read]
}
