// A ConvTranspose becomes a Conv and moves of values. With stride s, output s q + r reads the inputs q, q - 1... with the weights r, r + s...:
// that is a Conv of kernel ceil(k / s) for each of the s phases r, whose outputs are interleaved and cut to size:
//
//     y = slice(interleave(Conv(x)))          Conv: channels times the strides' product, pads on both sides
//
// It multiplies no zeros, which writing zeros between the inputs would.

import { makeAttribute } from '../../../attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../../../graph.js'
import { opsetOf } from '../../../model.js'
import { withUniqueNames } from '../../../names/nodeNames.js'
import { makeNode } from '../../../node.js'
import { isStandardDomain } from '../../../operators.js'
import { coordinates, elementCount, makeTensor } from '../../../tensor.js'
import { type AttributeProto, DataType, type ModelProto, type NodeProto, type TensorProto } from '../../../types.js'
import { factsOf } from '../../facts.js'
import { changed, type Pass } from '../../pass.js'
import { type Axis, type Form, formOf, isSquare } from './convTransposeForm.js'

/** DepthToSpace has the order of channels, Slice its inputs since then. */
const LEAST_OPSET = 11

export const lowerConvTranspose: Pass = {
  title: 'ConvTranspose nodes made Conv nodes whose channels become space',
  async apply(proto: ModelProto) {
    const { graph } = proto
    const isOne = ({ opType, domain }: NodeProto) => opType === 'ConvTranspose' && isStandardDomain(domain)
    if (opsetOf(proto) < LEAST_OPSET || !graph.node.some(isOne)) return { proto, count: 0 }
    const facts = await factsOf(proto)
    const index = indexGraph(graph)
    const unique = nameSource(graph)
    const initializer: TensorProto[] = [...graph.initializer]
    const replaced = new Map<NodeProto, readonly NodeProto[]>()
    let count = 0
    for (const node of graph.node) {
      const form = isOne(node) ? formOf(node, index, facts) : undefined
      if (form === undefined) continue
      const clamp = clampAfter(node, index)
      const { nodes, tensors } = lower(form, clamp, unique)
      // A clamp's bounds may be written behind the node: its place is the clamp's.
      replaced.set(node, clamp === undefined ? nodes : [])
      if (clamp !== undefined) replaced.set(clamp, nodes)
      initializer.push(...tensors)
      count++
    }
    const node = graph.node.flatMap((one) => replaced.get(one) ?? [one])
    return changed(proto, withUniqueNames({ ...graph, node, initializer }).graph, count)
  },
}

/** A Relu or Clip that is alone in reading the result: before values are moved, the Conv applies it. */
function clampAfter({ output }: NodeProto, index: GraphIndex): NodeProto | undefined {
  const [reader, ...others] = index.consumers(output[0]!)
  if (reader === undefined || others.length > 0 || index.isGraphOutput(output[0]!)) return undefined
  const isClamp = (reader.opType === 'Relu' || reader.opType === 'Clip') && isStandardDomain(reader.domain)
  return isClamp && reader.input[0] === output[0] ? reader : undefined
}

interface Step {
  readonly opType: string
  /** Behind what the step before writes. */
  readonly inputs: readonly string[]
  readonly attributes: readonly AttributeProto[]
}

type MakeTensor = (wish: string, dims: readonly number[], data: Float32Array | BigInt64Array) => string

function lower(form: Form, clamp: NodeProto | undefined, unique: (wish: string) => string) {
  const { node, axes } = form
  const tensors: TensorProto[] = []
  const constant: MakeTensor = (wish, dims, data) => {
    const type = data instanceof Float32Array ? DataType.FLOAT : DataType.INT64
    const tensor = makeTensor(unique(`${node.output[0]}_${wish}`), type, dims, data)
    tensors.push(tensor)
    return tensor.name
  }
  const clamping = clamp ? [{ opType: clamp.opType, inputs: clamp.input.slice(1), attributes: clamp.attribute }] : []
  const steps = [conv(form, constant), ...clamping, ...interleave(form, constant), ...cut(axes, constant)]
  const output = (clamp ?? node).output[0]!
  let read = node.input[0]!
  const nodes = steps.map(({ opType, inputs, attributes }, i) => {
    const written = i === steps.length - 1 ? output : unique(`${node.output[0]}_${opType}`)
    const one = makeNode(opType, [read, ...inputs], [written], attributes, i === 0 ? node.name : `${node.name}_${i}`)
    read = written
    return one
  })
  return { nodes, tensors }
}

function conv(form: Form, constant: MakeTensor): Step {
  const { axes, group, dims, bias } = form
  const phases = elementCount(axes.map(({ stride }) => stride))
  const [inputs, outputs] = [dims[0]! / group, dims[1]! * group * phases]
  const taps = axes.map((axis) => axis.taps)
  const shape = [outputs, inputs, ...taps]
  const names = [constant('weights', shape, phaseWeights(form))]
  if (bias) {
    const repeated = Float32Array.from({ length: outputs }, (_, i) => bias[Math.floor(i / phases)]!)
    names.push(constant('bias', [outputs], repeated))
  }
  const attributes = [
    makeAttribute('kernel_shape', taps),
    makeAttribute(
      'pads',
      [0, 1].flatMap((side) => axes.map(({ pads }) => pads[side]!)),
    ),
    makeAttribute('group', group),
  ]
  return { opType: 'Conv', inputs: names, attributes }
}

/** The Conv's weights [M * phases, C / group, taps...]: the phases of a channel are neighbours. */
function phaseWeights({ axes, group, dims, weights }: Form): Float32Array {
  const [inputs, channels] = [dims[0]! / group, dims[1]!]
  const kernel = elementCount(dims.slice(2))
  const places = kernelPlaces(axes)
  const result = new Float32Array(channels * group * inputs * places.flat().length)
  let at = 0
  for (let output = 0; output < channels * group; output++) {
    const first = Math.floor(output / channels) * inputs
    for (const taps of places) {
      for (let input = 0; input < inputs; input++) {
        const start = ((first + input) * channels + (output % channels)) * kernel
        for (const place of taps) result[at++] = place === undefined ? 0 : weights[start + place]!
      }
    }
  }
  return result
}

/** For each phase and tap the weight of the source's kernel; undefined beyond it and between its dilated weights. */
function kernelPlaces(axes: readonly Axis[]): (number | undefined)[][] {
  const strides = axes.map(({ stride }) => stride)
  const taps = axes.map((axis) => axis.taps)
  return Array.from({ length: elementCount(strides) }, (_, phaseIndex) => {
    const phase = coordinates(phaseIndex, strides)
    return Array.from({ length: elementCount(taps) }, (_, tapIndex) => {
      const tap = coordinates(tapIndex, taps)
      const places = axes.map(({ stride, dilation }, i) => (stride * (taps[i]! - 1 - tap[i]!) + phase[i]!) / dilation)
      const isThere = places.every((place, i) => Number.isInteger(place) && place < axes[i]!.kernel)
      return isThere ? places.reduce((offset, place, i) => offset * axes[i]!.kernel + place, 0) : undefined
    })
  })
}

/** The phases of a channel into space. */
function interleave({ axes, group, dims, counts }: Form, constant: MakeTensor): Step[] {
  const strides = axes.map(({ stride }) => stride)
  if (strides.every((stride) => stride === 1)) return []
  if (isSquare(axes)) {
    const attributes = [makeAttribute('blocksize', strides[0]!), makeAttribute('mode', 'CRD')]
    return [{ opType: 'DepthToSpace', inputs: [], attributes }]
  }
  const channels = dims[1]! * group
  const shape = (wish: string, values: readonly number[]) =>
    constant(wish, [values.length], BigInt64Array.from(values, BigInt))
  // [N, M, strides..., counts...] -> [N, M, count, stride, count, stride...]
  const rank = axes.length
  const perm = [0, 1, ...axes.flatMap((_, i) => [2 + rank + i, 2 + i])]
  const space = counts?.map((count, i) => count * strides[i]!) ?? [-1]
  return [
    { opType: 'Reshape', inputs: [shape('phases', [0, channels, ...strides, ...(counts ?? [-1])])], attributes: [] },
    { opType: 'Transpose', inputs: [], attributes: [makeAttribute('perm', perm)] },
    { opType: 'Reshape', inputs: [shape('space', [0, channels, ...space])], attributes: [] },
  ]
}

function cut(axes: readonly Axis[], constant: MakeTensor): Step[] {
  if (axes.every((axis) => Math.max(...axis.cut) === 0)) return []
  const integers = (wish: string, values: readonly number[]) =>
    constant(wish, [values.length], BigInt64Array.from(values, BigInt))
  const starts = axes.map((axis) => axis.cut[0])
  const ends = axes.map((axis) => (axis.cut[1] === 0 ? 2 ** 31 : -axis.cut[1]))
  const along = axes.map((_, i) => i + 2)
  return [
    {
      opType: 'Slice',
      inputs: [integers('starts', starts), integers('ends', ends), integers('axes', along)],
      attributes: [],
    },
  ]
}
