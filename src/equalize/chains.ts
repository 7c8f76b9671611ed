// Which channels of which tensors can be scaled by one factor: an operator that writes them takes the factor out of its weights, operators that
// read them take it in, and what lies between gives scaled results for scaled values.

import { intAttribute, stringAttribute } from '../onnx/attribute.js'
import { type GraphIndex, indexGraph } from '../onnx/graph.js'
import { isStandardDomain } from '../onnx/operators.js'
import { type Linear, linearOperator } from '../onnx/passes/linear.js'
import { elementCount, floatValues } from '../onnx/tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorInfo } from '../onnx/types.js'

/** Tensors whose channels (axis 1) are scaled together. */
export interface Chain {
  /** Tensor -> the number of each channel's factor. In graph order. */
  readonly tensors: ReadonlyMap<string, Int32Array>
  /** By factor, whether it may be other than 1. */
  readonly free: readonly boolean[]
}

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

const perChannel: ReadonlySet<string> = new Set([
  ...['Relu', 'LeakyRelu', 'Identity', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'Resize'],
])
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
  if (inputs.length === 2 && (opType === 'Add' || opType === 'Sub')) {
    return channels.sameDims(input, other!, output) && channels.join(input, output) && channels.join(other!, output)
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

/** Mutable state: sets of channels that have one factor, and those whose factor is 1. */
class Channels {
  readonly #tensors: ReadonlyMap<string, TensorInfo>
  /** Tensor -> the number of its first channel. */
  readonly #first = new Map<string, number>()
  readonly #parents: number[] = []
  readonly #pinned: string[] = []

  constructor(tensors: ReadonlyMap<string, TensorInfo>) {
    this.#tensors = tensors
  }

  /** Channels of a float tensor of fixed dims, else 0. */
  count(name: string): number {
    const info = this.#tensors.get(name)
    return info?.dataType === DataType.FLOAT && info.varies !== true ? (info.dims[1] ?? 0) : 0
  }

  pin(name: string): void {
    if (this.count(name) > 0) this.#pinned.push(name)
  }

  join(a: string, b: string): boolean {
    const count = this.count(a)
    if (count === 0 || this.count(b) !== count) return false
    for (let c = 0; c < count; c++) this.#unite(this.#of(a) + c, this.#of(b) + c)
    return true
  }

  joinParts(parts: readonly string[], whole: string): boolean {
    const counts = parts.map((name) => this.count(name))
    if (counts.includes(0) || counts.reduce((sum, count) => sum + count, 0) !== this.count(whole)) return false
    let to = this.#of(whole)
    for (const [i, part] of parts.entries()) {
      for (let c = 0; c < counts[i]!; c++) this.#unite(this.#of(part) + c, to++)
    }
    return true
  }

  /** A product with one value for each channel, which keeps its own factor of 1. */
  joinGated(a: string, b: string, output: string): boolean {
    const isGate = (name: string) => elementCount(this.#dims(name).slice(2)) === 1
    if (!this.sameRank(a, b) || !this.sameRank(a, output) || isGate(a) === isGate(b)) return false
    const [gate, gated] = isGate(a) ? [a, b] : [b, a]
    this.pin(gate)
    return this.join(gated, output)
  }

  sameDims(...names: readonly string[]): boolean {
    return new Set(names.map((name) => this.#dims(name).join())).size === 1 && this.count(names[0]!) > 0
  }

  sameRank(a: string, b: string): boolean {
    return this.#dims(a).length === this.#dims(b).length && this.#dims(a)[0] === this.#dims(b)[0]
  }

  /** Whether every channel of both has one value for each sample. */
  areSingle(a: string, b: string): boolean {
    return (
      [a, b].every((name) => elementCount(this.#dims(name).slice(2)) === 1) && this.#dims(a)[0] === this.#dims(b)[0]
    )
  }

  chains(order: readonly string[]): Chain[] {
    const pinned = new Set(this.#pinned.flatMap((name) => this.#roots(name)))
    const chainOf = new Map<number, { tensors: string[] }>()
    for (const name of order.filter((one) => this.count(one) > 0)) {
      const roots = this.#roots(name)
      const touched = [...new Set(roots.flatMap((root) => chainOf.get(root) ?? []))]
      const chain = { tensors: [...touched.flatMap(({ tensors }) => tensors), name] }
      const all = [...chain.tensors.flatMap((one) => this.#roots(one))]
      for (const root of all) chainOf.set(root, chain)
    }
    return [...new Set(chainOf.values())].map(({ tensors }) => {
      const numbers = new Map<number, number>()
      const numbered = tensors.map((name) => {
        const roots = this.#roots(name)
        for (const root of roots) if (!numbers.has(root)) numbers.set(root, numbers.size)
        return [name, Int32Array.from(roots, (root) => numbers.get(root)!)] as const
      })
      return { tensors: new Map(numbered), free: [...numbers.keys()].map((root) => !pinned.has(root)) }
    })
  }

  #roots(name: string): number[] {
    const first = this.#of(name)
    return Array.from({ length: this.count(name) }, (_, c) => this.#find(first + c))
  }

  #of(name: string): number {
    const known = this.#first.get(name)
    if (known !== undefined) return known
    const first = this.#parents.length
    this.#first.set(name, first)
    for (let c = 0; c < this.count(name); c++) this.#parents.push(first + c)
    return first
  }

  #find(channel: number): number {
    let root = channel
    while (this.#parents[root] !== root) {
      this.#parents[root] = this.#parents[this.#parents[root]!]!
      root = this.#parents[root]!
    }
    return root
  }

  #unite(a: number, b: number): void {
    this.#parents[this.#find(a)] = this.#find(b)
  }

  #dims(name: string): readonly number[] {
    return this.#tensors.get(name)?.dims ?? []
  }
}
