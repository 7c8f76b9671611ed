// Nodes that compute the same whatever the order of axes: what stands for them where their tensors have the order before a Transpose, not that behind it.

import { intAttribute, intsAttribute, makeAttribute } from '../../attribute.js'
import type { GraphIndex } from '../../graph.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import { elementCount, makeTensor, tensorData, tensorDims } from '../../tensor.js'
import { type AttributeProto, DataType, type NodeProto, type TensorProto } from '../../types.js'

/** Axis a behind the Transpose is axis perm[a] before it. */
export type Order = readonly number[]

/** What a graph offers to nodes that are written anew. */
export interface Surroundings {
  readonly index: GraphIndex
  /** Whether a tensor is at hand in the order before the Transpose. */
  readonly isAtHand: (name: string) => boolean
  readonly unique: (wish: string) => string
}

/** A node as it is written in the other order. Inputs that are at hand keep their names. */
export interface Reordered {
  readonly node: NodeProto
  /** What the node reads besides, and what stands behind it. */
  readonly more: readonly NodeProto[]
  readonly tensors: readonly TensorProto[]
  /** Whether its outputs have the other order too; else they are what they have been. */
  readonly hasOrder: boolean
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

/** Functions of each value, whose further inputs are scalars. */
const unary = words(
  'Abs Celu Ceil Clip Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Swish Tanh ThresholdedRelu',
)
const broadcasting = words('Add Div Max Mean Min Mul PRelu Pow Sub Sum')
const reductions = words('ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare')
const choices = words('ArgMax ArgMin')

/** undefined where the order of axes matters to the node, or where it reads none of the tensors at hand. */
export function reordered(node: NodeProto, order: Order, around: Surroundings): Reordered | undefined {
  const { opType, input } = node
  if (!isStandardDomain(node.domain) || !around.isAtHand(input[0]!)) {
    return isStandardDomain(node.domain) && broadcasting.has(opType) ? broadcast(node, order, around) : undefined
  }
  if (unary.has(opType)) return plain(node)
  if (broadcasting.has(opType)) return broadcast(node, order, around)
  if (reductions.has(opType)) return reduction(node, order, around)
  if (choices.has(opType)) return choice(node, order)
  switch (opType) {
    case 'Concat':
      return input.every(around.isAtHand) ? plain(alongAxis(node, order)) : undefined
    case 'Split':
      return plain(alongAxis(node, order))
    case 'Pad':
      return padding(node, order, around)
    case 'Shape':
      return shape(node, order, around)
    default:
      return undefined
  }
}

function plain(node: NodeProto): Reordered {
  return { node, more: [], tensors: [], hasOrder: true }
}

/** Constants are given the rank of the others, and the other order. */
function broadcast(node: NodeProto, order: Order, { index, isAtHand, unique }: Surroundings): Reordered | undefined {
  if (!node.input.some(isAtHand)) return undefined
  const more: NodeProto[] = []
  const tensors: TensorProto[] = []
  const input: string[] = []
  for (const name of node.input) {
    const constant = isAtHand(name) ? undefined : index.initializer(name)
    if (constant === undefined) {
      if (!isAtHand(name)) return undefined
      input.push(name)
      continue
    }
    const dims = tensorDims(constant)
    if (dims.length > order.length) return undefined
    if (elementCount(dims) === 1) {
      input.push(name)
      continue
    }
    const whole = [...Array<number>(order.length - dims.length).fill(1), ...dims]
    const tensor = makeTensor(unique(`${name}_whole`), constant.dataType, whole, tensorData(constant))
    const moved = unique(`${name}_ordered`)
    const perm = order.map((_, axis) => order.indexOf(axis))
    more.push(makeNode('Transpose', [tensor.name], [moved], [makeAttribute('perm', perm)], moved))
    tensors.push(tensor)
    input.push(moved)
  }
  return { node: { ...node, input }, more, tensors, hasOrder: true }
}

function alongAxis(node: NodeProto, order: Order): NodeProto {
  const axis = intAttribute(node, 'axis', 0)
  return withAttribute(node, makeAttribute('axis', order[axis < 0 ? axis + order.length : axis]!))
}

/** Where the reduced axes go, those that are left must have one order on both sides. */
function reduction(node: NodeProto, order: Order, { index, unique }: Surroundings): Reordered | undefined {
  const [, input = ''] = node.input
  const constant = index.initializer(input)
  if (input !== '' && constant === undefined) return undefined
  const given = constant ? Array.from(tensorData(constant), Number) : intsAttribute(node, 'axes', [])
  const axes = given.map((axis) => (axis < 0 ? axis + order.length : axis))
  const staysInOrder = isAscending(order.filter((_, axis) => !axes.includes(axis)))
  const hasOrder = intAttribute(node, 'keepdims', 1) === 1
  if (axes.length === 0 || !(hasOrder || staysInOrder)) return undefined
  const moved = axes.map((axis) => order[axis]!)
  if (constant === undefined) {
    return { node: withAttribute(node, makeAttribute('axes', moved)), more: [], tensors: [], hasOrder }
  }
  const tensor = integers(unique(`${input}_ordered`), moved)
  return { node: { ...node, input: [node.input[0]!, tensor.name] }, more: [], tensors: [tensor], hasOrder }
}

function choice(node: NodeProto, order: Order): Reordered | undefined {
  const axis = (intAttribute(node, 'axis', 0) + order.length) % order.length
  const hasOrder = intAttribute(node, 'keepdims', 1) === 1
  if (!hasOrder && !isAscending(order.filter((_, other) => other !== axis))) return undefined
  return { ...plain(alongAxis(node, order)), hasOrder }
}

function padding(node: NodeProto, order: Order, { index, unique }: Surroundings): Reordered | undefined {
  const [x, given = '', value = '', axes = ''] = node.input
  const pads = index.initializer(given)
  if (pads === undefined || axes !== '') return undefined
  const amounts = Array.from(tensorData(pads), Number)
  const rank = order.length
  const places = order.map((_, axis) => order.indexOf(axis))
  const moved = [...places, ...places.map((axis) => rank + axis)].map((at) => amounts[at]!)
  const tensor = integers(unique(`${given}_ordered`), moved)
  const input = [x!, tensor.name, ...(value === '' ? [] : [value])]
  return { node: { ...node, input }, more: [], tensors: [tensor], hasOrder: true }
}

function shape(node: NodeProto, order: Order, { unique }: Surroundings): Reordered | undefined {
  if (node.attribute.length > 0) return undefined
  const [output] = node.output as [string]
  const before = unique(`${output}_before`)
  const axes = integers(unique(`${output}_axes`), order)
  const gather = makeNode('Gather', [before, axes.name], [output], [makeAttribute('axis', 0)], `${node.name}_ordered`)
  return { node: { ...node, output: [before] }, more: [gather], tensors: [axes], hasOrder: false }
}

function integers(name: string, values: readonly number[]): TensorProto {
  return makeTensor(name, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt))
}

function withAttribute(node: NodeProto, attribute: AttributeProto): NodeProto {
  return { ...node, attribute: [...node.attribute.filter(({ name }) => name !== attribute.name), attribute] }
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || values[i - 1]! < value)
}
