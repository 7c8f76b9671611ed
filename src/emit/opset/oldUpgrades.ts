// What changed in the operators from opset 1 to 7, and how a node gets its later form. Operators not in the table mean the same in all of them.
// Source: onnx/docs/Changelog.md.

import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  makeAttribute,
  stringAttribute,
} from '../../onnx/attribute.js'
import { makeNode } from '../../onnx/node.js'
import { AttributeType, DataType, type NodeProto } from '../../onnx/types.js'
import { type Change, integers, type Surroundings, without } from './upgrades.js'

/** The largest end of a Slice: it stands for the last element. */
const LAST = 2 ** 31 - 1

/** A hint on which inputs may be overwritten, which these had up to opset 5. */
const consuming =
  `Abs Add BatchNormalization Ceil Clip Div Dropout Elu Exp Floor HardSigmoid InstanceNormalization LeakyRelu Log Max Mean Min
  Mul Neg PRelu Reciprocal Relu Selu Sigmoid Sqrt Sub Sum Tanh`.split(/\s+/)

const changesAtSeven: Readonly<Record<string, Change['upgrade']>> = {
  ...Object.fromEntries(
    ['Add', 'And', 'Div', 'Equal', 'Greater', 'Less', 'Mul', 'Or', 'Pow', 'Sub', 'Xor'].map((type) => [
      type,
      upgradeBroadcast,
    ]),
  ),
  BatchNormalization: (node) => [without(node, 'is_test')],
  Dropout: (node) => [without(node, 'is_test')],
  GRU: (node) => [without(node, 'output_sequence')],
  Gemm: (node) => [without(node, 'broadcast')],
  LSTM: (node) => [without(node, 'output_sequence')],
  PRelu: upgradeSlopes,
  RNN: (node) => [without(node, 'output_sequence')],
  Upsample: upgradeUpsample,
}

const changesBefore: Readonly<Record<string, Change>> = {
  ...Object.fromEntries(
    consuming.map((type) => [type, { since: 6, upgrade: (node: NodeProto) => [without(node, 'consumed_inputs')] }]),
  ),
  Cast: { since: 6, upgrade: upgradeCast },
  Concat: { since: 4, upgrade: (node) => [withAttribute(node, 'axis', intAttribute(node, 'axis', 1))] },
  GlobalLpPool: { since: 2, upgrade: upgradeNorm },
  LpPool: { since: 2, upgrade: upgradeNorm },
  Pad: {
    since: 2,
    upgrade: (node) => [withAttribute(without(node, 'paddings'), 'pads', intsAttribute(node, 'paddings', []))],
  },
  Reshape: { since: 5, upgrade: upgradeReshape },
  Split: { since: 2, upgrade: (node) => (node.input.length > 1 ? 'the sizes of its parts are an input' : [node]) },
  Tile: { since: 6, upgrade: () => 'it has another meaning before opset 6' },
}

/** By operator type, in the order of the opsets. */
export const oldChanges: ReadonlyMap<string, readonly Change[]> = new Map(
  [...new Set([...Object.keys(changesBefore), ...Object.keys(changesAtSeven)])].map((type) => {
    const [before, upgrade] = [changesBefore[type], changesAtSeven[type]]
    return [type, [...(before ? [before] : []), ...(upgrade ? [{ since: 7, upgrade }] : [])]]
  }),
)

function withAttribute(node: NodeProto, name: string, value: number | readonly number[]): NodeProto {
  const rest = without(node, name)
  return { ...rest, attribute: [...rest.attribute, makeAttribute(name, value)] }
}

/** The second input had to be told to broadcast, and from which axis of the first on; now axes are aligned at the last one. */
function upgradeBroadcast(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const axis = intAttribute(node, 'broadcast', 0) === 1 ? intAttribute(node, 'axis', -1) : -1
  const plain = without(node, 'broadcast', 'axis')
  return axis < 0 ? [plain] : alignedAt(plain, around, axis)
}

/** One slope a channel, which lies along the second axis. */
function upgradeSlopes(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  return alignedAt(node, around, 1)
}

/**
 * The second input, whose first axis is `axis` of the first input, gets axes of length 1 behind its own, as many as the first has left. Their number
 * is that of the first input's dims from there on: graph passes compute it.
 */
function alignedAt(node: NodeProto, around: Surroundings, axis: number): readonly NodeProto[] | string {
  const [first, second] = node.input as [string, string]
  const rank = around.rank(second)
  if (rank === undefined) return 'how many axes its second input has is not known'
  const nodes: NodeProto[] = []
  const add = (opType: string, inputs: readonly string[], attributes: NodeProto['attribute'] = []) => {
    const output = around.name(`${node.name || node.output[0]}/${opType}`)
    nodes.push(makeNode(opType, inputs, [output], attributes, output))
    return output
  }
  const dims = add('Shape', [first])
  const left = add('Slice', [dims], [makeAttribute('starts', [axis + rank]), makeAttribute('ends', [LAST])])
  const shape = add('Concat', [add('Shape', [second]), add('Div', [left, left])], [makeAttribute('axis', 0)])
  const aligned = add('Reshape', [second, shape])
  return [...nodes, { ...node, input: [first, aligned] }]
}

function upgradeCast(node: NodeProto): readonly NodeProto[] | string {
  const type = DataType[stringAttribute(node, 'to', '').toUpperCase() as keyof typeof DataType]
  return type === undefined ? 'it casts to a type that has no name in ONNX' : [withAttribute(node, 'to', type)]
}

/** The order of a norm was a float. */
function upgradeNorm(node: NodeProto): readonly NodeProto[] {
  const isFloat = node.attribute.some(({ name, type }) => name === 'p' && type === AttributeType.FLOAT)
  return [isFloat ? withAttribute(node, 'p', floatAttribute(node, 'p', 2)) : node]
}

function upgradeReshape(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  const shape = integers(around, `${node.name}/shape`, intsAttribute(node, 'shape', []))
  return [{ ...without(node, 'shape', 'consumed_inputs'), input: [...node.input, shape] }]
}

/** Factors for height and width, of opset 1; an experimental form has all factors already. */
function upgradeUpsample(node: NodeProto): readonly NodeProto[] {
  if (floatsAttribute(node, 'scales', undefined) !== undefined) return [node]
  const scales = [1, 1, floatAttribute(node, 'height_scale', 1), floatAttribute(node, 'width_scale', 1)]
  const rest = without(node, 'height_scale', 'width_scale')
  return [{ ...rest, attribute: [...rest.attribute, makeAttribute('scales', { floats: scales })] }]
}
