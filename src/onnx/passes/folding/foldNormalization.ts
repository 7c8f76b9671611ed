// Arithmetic with constants between an input and convolutions moves into these, so that the integers of a quantized input are its own values:
//
//     Conv(a x + b, W)  =  Conv(x, W a) + sum of W b
//
// with one a and one b for each channel. A convolution that pads means a x + b = 0, so x is padded with -b / a before the convolution. Rounding the weights
// moves a sum by their errors times x, which the plan makes nothing at this x: the pass tells it by `zeros`.

import { intAttribute, intsAttribute, makeAttribute, stringAttribute } from '../../attribute.js'
import { entryOf } from '../../entry.js'
import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { opsetOf } from '../../model.js'
import { makeNode } from '../../node.js'
import { floatValues, makeTensor, tensorDims } from '../../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorData, type TensorProto } from '../../types.js'
import { changed, type Pass } from '../pass.js'
import { arithmetic } from './foldArithmetic.js'
import { type ChannelMap, type Linear, linearOperator } from './linear.js'

export const foldNormalization: Pass = {
  title: 'normalizations of inputs folded into weights',
  apply(proto: ModelProto) {
    const index = indexGraph(proto.graph)
    const normalized = new Set(proto.graph.node.flatMap(({ opType, input }) => (opType === 'Conv' ? input[0]! : [])))
    const folder = new Folder(proto)
    for (const name of normalized) {
      const readers = index.consumers(name).map((node) => readerOf(node, name, index))
      if (index.isGraphOutput(name) || !readers.every((reader) => reader !== undefined)) continue
      const found = normalizationOf(name, readers[0]!.numInputs, readers[0]!.linear.rank, index)
      if (found === undefined || !isInvertible(found.map)) continue
      if (!readers.every(({ pads }) => pads === undefined || isPaddable(found.map))) continue
      for (const reader of readers) folder.fold(reader, found)
    }
    return folder.result()
  },
}

/** Padding of one value a channel takes a Pad for each. */
const MOST_PADS = 4

function isPaddable({ scale, shift }: ChannelMap): boolean {
  return scale.length <= MOST_PADS || shift.every((value, c) => value / scale[c]! === shift[0]! / scale[0]!)
}

function isInvertible({ scale, shift }: ChannelMap): boolean {
  return scale.every((value) => value !== 0 && Number.isFinite(value)) && shift.every(Number.isFinite)
}

interface Reader {
  readonly linear: Linear
  /** Channels that it reads, of all groups. */
  readonly numInputs: number
  /** Begins, then ends; undefined where it does not pad. */
  readonly pads: readonly number[] | undefined
}

/** A convolution whose padding is known. */
function readerOf(node: NodeProto, input: string, index: GraphIndex): Reader | undefined {
  const linear = node.opType === 'Conv' && node.input.lastIndexOf(input) === 0 ? linearOperator(node, index) : undefined
  if (linear === undefined || !['NOTSET', 'VALID'].includes(stringAttribute(node, 'auto_pad', 'NOTSET')))
    return undefined
  const pads = intsAttribute(node, 'pads', [])
  const numInputs = tensorDims(linear.weights)[1]! * intAttribute(node, 'group', 1)
  return { linear, numInputs, pads: pads.some((pad) => pad !== 0) ? pads : undefined }
}

interface Normalization {
  /** What is normalized: an input of the model, or what only moves its values. */
  readonly root: string
  readonly map: ChannelMap
}

/** The map from what enters the model to a tensor; undefined where there is no arithmetic between, or more than that. */
function normalizationOf(name: string, channels: number, rank: number, index: GraphIndex): Normalization | undefined {
  let root = name
  const scale = new Float64Array(channels).fill(1)
  const shift = new Float64Array(channels)
  for (;;) {
    const node = index.producer(root)
    const step = node && entryOf(node, index) === undefined ? arithmetic(node, index) : undefined
    const map = step?.mapFor({ rank, channels })
    if (step === undefined || map === undefined) break
    if (index.isGraphOutput(root) || (root !== name && index.consumers(root).length !== 1)) return undefined
    for (let c = 0; c < channels; c++) {
      shift[c]! += scale[c]! * map.shift[c]!
      scale[c]! *= map.scale[c]!
    }
    root = step.input
  }
  return root !== name && enters(root, index) ? { root, map: { scale, shift } } : undefined
}

function enters(name: string, index: GraphIndex): boolean {
  const node = index.producer(name)
  if (node === undefined) return index.isGraphInput(name) && index.initializer(name) === undefined
  return entryOf(node, index) !== undefined || (node.opType === 'Transpose' && enters(node.input[0]!, index))
}

/** Mutable state: what takes the place of nodes, and constants. */
class Folder {
  readonly #proto: ModelProto
  readonly #unique: (wish: string) => string
  readonly #replaced = new Map<NodeProto, readonly NodeProto[]>()
  readonly #constants: TensorProto[] = []
  /** Tensor and padding -> the padded tensor: convolutions that pad alike share it. */
  readonly #padded = new Map<string, string>()
  readonly #zeros = new Map<string, Float64Array>()

  constructor(proto: ModelProto) {
    this.#proto = proto
    this.#unique = nameSource(proto.graph)
  }

  result() {
    const { graph } = this.#proto
    const node = graph.node.flatMap((old) => this.#replaced.get(old) ?? [old])
    const initializer = [...graph.initializer, ...this.#constants]
    const result = changed(this.#proto, { node, initializer }, this.#replaced.size)
    return this.#zeros.size === 0 ? result : { ...result, zeros: this.#zeros }
  }

  fold({ linear, pads }: Reader, { root, map }: Normalization): void {
    const { node } = linear
    const values = map.shift.map((value, c) => -value / map.scale[c]!)
    const shifts = values.some((value) => value !== 0)
    const padded = pads !== undefined && shifts ? this.#pad(root, pads, values) : undefined
    const attribute = padded === undefined ? node.attribute : withoutPads(node, pads!)
    const from = padded?.output ?? root
    if (shifts) this.#zeros.set(from, values)
    const input = [from, ...this.#weights(linear, map)]
    this.#replaced.set(node, [...(padded?.nodes ?? []), { ...node, input, attribute }])
  }

  /** Names of the weights and of the bias that take the map in. */
  #weights({ node, weights, channelOf, inputOf, bias }: Linear, { scale, shift }: ChannelMap): string[] {
    const sums = Float64Array.from(bias)
    const scaled = floatValues(weights).map((value, at) => {
      const channel = inputOf(at)
      sums[channelOf(at)]! += value * shift[channel]!
      return value * scale[channel]!
    })
    const [output] = node.output as [string]
    return [
      this.#constant(`${output}_weight`, DataType.FLOAT, tensorDims(weights), scaled),
      this.#constant(`${output}_bias`, DataType.FLOAT, [sums.length], Float32Array.from(sums)),
    ]
  }

  #pad(root: string, pads: readonly number[], values: Float64Array) {
    const key = `${root} ${pads} ${values}`
    const known = this.#padded.get(key)
    if (known !== undefined) return { nodes: [], output: known }
    const output = this.#unique(`${root}_padded`)
    this.#padded.set(key, output)
    if (values.every((value) => value === values[0])) {
      return { nodes: [this.#padNode(root, pads, values[0]!, output)], output }
    }
    const named = (what: string) => [...values].map((_, c) => this.#unique(`${root}_${what}_${c}`))
    const [parts, padded] = [named('channel'), named('channel_padded')]
    const numOutputs = opsetOf(this.#proto) < 18 ? [] : [makeAttribute('num_outputs', values.length)]
    const nodes = [
      makeNode('Split', [root], parts, [makeAttribute('axis', 1), ...numOutputs], this.#unique(`${root}_split`)),
      ...parts.map((part, c) => this.#padNode(part, pads, values[c]!, padded[c]!)),
      makeNode('Concat', padded, [output], [makeAttribute('axis', 1)], this.#unique(`${root}_concat`)),
    ]
    return { nodes, output }
  }

  #padNode(input: string, pads: readonly number[], value: number, output: string): NodeProto {
    const half = pads.length / 2
    const all = [0, 0, ...pads.slice(0, half), 0, 0, ...pads.slice(half)]
    const name = this.#unique(`${output}_pad`)
    const mode = makeAttribute('mode', 'constant')
    if (opsetOf(this.#proto) < 11) {
      const attributes = [mode, makeAttribute('pads', all), makeAttribute('value', { float: value })]
      return makeNode('Pad', [input], [output], attributes, name)
    }
    const amounts = this.#constant(`${output}_pads`, DataType.INT64, [all.length], BigInt64Array.from(all, BigInt))
    const constant = this.#constant(`${output}_value`, DataType.FLOAT, [], Float32Array.of(value))
    return makeNode('Pad', [input, amounts, constant], [output], [mode], name)
  }

  #constant(wish: string, dataType: number, dims: readonly number[], data: TensorData): string {
    const name = this.#unique(wish)
    this.#constants.push(makeTensor(name, dataType, dims, data))
    return name
  }
}

function withoutPads({ attribute }: NodeProto, pads: readonly number[]): NodeProto['attribute'] {
  const others = attribute.filter(({ name }) => name !== 'pads' && name !== 'auto_pad')
  return [...others, makeAttribute('pads', [...pads].fill(0))]
}
