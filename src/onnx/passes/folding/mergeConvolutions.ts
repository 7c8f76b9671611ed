// Convolutions of one tensor whose results are added up become one convolution. Networks that are trained with more branches than they need have
// such (RepVGG, MobileOne): one convolution multiplies less, and its result alone is rounded.
//
//     Conv(x, v) + Conv(x, w)   becomes   Conv(x, v + w), the smaller kernel inside of the larger one

import { intAttribute, intsAttribute, makeAttribute, stringAttribute } from '../../attribute.js'
import { positions, sizeOf } from '../../geometry.js'
import type { GraphIndex } from '../../graph.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import { floatValues, makeTensor, tensorDims } from '../../tensor.js'
import { DataType, type ModelProto, type NodeProto } from '../../types.js'
import { type Expansion, expandNodes, type Pass, type Room } from '../pass.js'
import { type Linear, linearOperator } from './linear.js'

export const mergeConvolutions: Pass = {
  title: 'convolutions of one tensor merged where their results are added',
  apply: (proto: ModelProto) => expandNodes(proto, merged),
}

/** A convolution that the sum alone reads. */
interface Branch {
  readonly output: string
  readonly linear: Linear
  /** One a spatial axis. */
  readonly reaches: readonly Reach[]
}

/** Which elements of the input a window multiplies, seen from where it stands: every `dilation`-th from `first` to `last`. */
interface Reach {
  readonly first: number
  readonly last: number
  /** 0 where the window has one element. */
  readonly dilation: number
  /** Padding at the end, less `last`. Convolutions of one stride that agree in this have outputs of one size. */
  readonly rest: number
}

function merged(node: NodeProto, room: Room): Expansion | undefined {
  if ((node.opType !== 'Add' && node.opType !== 'Sum') || !isStandardDomain(node.domain)) return undefined
  const branches = node.input.flatMap((name) => branchOf(name, room.index) ?? [])
  for (const [i, first] of branches.entries()) {
    const alike = [first]
    let { reaches } = first
    for (const other of branches.slice(i + 1)) {
      if (!isAlike(first, other)) continue
      const wider = [reaches, other.reaches].find((one) => holds(one, reaches) && holds(one, other.reaches))
      if (wider === undefined) continue
      alike.push(other)
      reaches = wider
    }
    if (alike.length > 1) return inOne(node, alike, reaches, room)
  }
  return undefined
}

function branchOf(name: string, index: GraphIndex): Branch | undefined {
  const node = index.producer(name)
  const readers = index.consumers(name)
  const isInner = readers.length === 1 && !index.isGraphOutput(name)
  if (node?.opType !== 'Conv' || !isInner || readers[0]!.input.filter((one) => one === name).length > 1)
    return undefined
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') return undefined
  const linear = linearOperator(node, index)
  return linear && { output: name, linear, reaches: reachesOf(linear) }
}

function reachesOf({ node, weights }: Linear): Reach[] {
  const kernel = tensorDims(weights).slice(2)
  const ones = kernel.map(() => 1)
  const dilations = intsAttribute(node, 'dilations', ones)
  const pads = intsAttribute(node, 'pads', [...ones, ...ones].fill(0))
  return kernel.map((size, axis) => {
    const first = 0 - pads[axis]!
    const last = first + dilations[axis]! * (size - 1)
    return { first, last, dilation: size === 1 ? 0 : dilations[axis]!, rest: pads[kernel.length + axis]! - last }
  })
}

/** Whether two convolutions differ in their windows and weights alone. */
function isAlike(a: Branch, b: Branch): boolean {
  const key = ({ linear: { node, weights } }: Branch) => {
    const [channels, inputs, ...kernel] = tensorDims(weights)
    const strides = intsAttribute(
      node,
      'strides',
      kernel.map(() => 1),
    )
    return JSON.stringify([node.input[0], channels, inputs, intAttribute(node, 'group', 1), strides])
  }
  return key(a) === key(b)
}

/** Whether each element of a window is one of another window as well, and the outputs have one size. */
function holds(outer: readonly Reach[], inner: readonly Reach[]): boolean {
  return outer.every(({ first, last, dilation, rest }, axis) => {
    const other = inner[axis]!
    const isInside = first <= other.first && other.last <= last && other.rest === rest
    const isOnePace = other.dilation === 0 || other.dilation === dilation
    return isInside && isOnePace && (dilation === 0 || (other.first - first) % dilation === 0)
  })
}

function inOne(
  sum: NodeProto,
  branches: readonly Branch[],
  reaches: readonly Reach[],
  room: Room,
): Expansion | undefined {
  const [{ linear: first }] = branches as [Branch]
  const kernel = reaches.map(({ first, last, dilation }) => (dilation === 0 ? 1 : (last - first) / dilation + 1))
  const [channels, inputs] = tensorDims(first.weights) as [number, number]
  const weights = new Float64Array(channels * inputs * sizeOf(kernel))
  for (const branch of branches) addWeights(branch, reaches, kernel, weights)
  const bias = branches.reduce(
    (total, { linear }) => total.map((value, i) => value + linear.bias[i]!),
    new Float64Array(channels),
  )
  const [summed, added] = [Float32Array.from(weights), Float32Array.from(bias)]
  if (!summed.every(Number.isFinite) || !added.every(Number.isFinite)) return undefined

  const others = sum.input.filter((name) => branches.every(({ output }) => output !== name))
  const output = others.length === 0 ? sum.output[0]! : room.unique(`${branches[0]!.output}_merged`)
  const tensors = [
    makeTensor(room.unique(`${output}_weight`), DataType.FLOAT, [channels, inputs, ...kernel], summed),
    makeTensor(room.unique(`${output}_bias`), DataType.FLOAT, [channels], added),
  ]
  const attributes = [
    ...first.node.attribute.filter(({ name }) => name === 'group' || name === 'strides'),
    makeAttribute('kernel_shape', kernel),
    makeAttribute(
      'dilations',
      reaches.map(({ dilation }) => Math.max(1, dilation)),
    ),
    makeAttribute('pads', [...reaches.map(({ first }) => 0 - first), ...reaches.map(({ last, rest }) => last + rest)]),
  ]
  const read = [first.node.input[0]!, ...tensors.map(({ name }) => name)]
  const convolution = makeNode('Conv', read, [output], attributes, first.node.name)
  const nodes = others.length === 0 ? [convolution] : [convolution, { ...sum, input: [output, ...others] }]
  return { nodes, tensors }
}

/** Adds a branch's weights to those of the window around it. */
function addWeights(
  { linear, reaches }: Branch,
  around: readonly Reach[],
  kernel: readonly number[],
  weights: Float64Array,
): void {
  const values = floatValues(linear.weights)
  const places = positions(tensorDims(linear.weights).slice(2)).map((at) =>
    at.reduce((place, element, axis) => {
      const { first, dilation } = around[axis]!
      const before = dilation === 0 ? 0 : (reaches[axis]!.first - first) / dilation
      return place * kernel[axis]! + before + element
    }, 0),
  )
  const size = sizeOf(kernel)
  for (const [i, value] of values.entries()) {
    weights[Math.floor(i / places.length) * size + places[i % places.length]!]! += value
  }
}
