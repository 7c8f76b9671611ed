// Takes the QuantizeLinear and DequantizeLinear nodes of a graph one after another: what stands in each one's place, and what it said of scales.

import { SquireError } from '../../errors.js'
import { intAttribute } from '../attribute.js'
import type { GraphIndex } from '../graph.js'
import { CONTRIB_DOMAIN, isStandardDomain } from '../operators.js'
import { floatValues, makeTensor, tensorData, tensorDims } from '../tensor.js'
import { DataType, type NodeProto, type TensorProto } from '../types.js'
import type { HeldActivation, WeightScales } from './qdq.js'
import { dequantized, type Integers, type Parameters, ranges, rounded } from './qdqConstants.js'

/** The largest weight of the chip: int8 without -128. */
const MOST_STEPS = 127

const isOurs = ({ domain }: NodeProto) => isStandardDomain(domain) || domain === CONTRIB_DOMAIN
const isQuantize = (node: NodeProto) => node.opType === 'QuantizeLinear' && isOurs(node)
export const isDequantize = (node: NodeProto) => node.opType === 'DequantizeLinear' && isOurs(node)
const castsTo = (node: NodeProto, dataType: number) =>
  node.opType === 'Cast' && isOurs(node) && intAttribute(node, 'to', 0) === dataType

/** Operators that write no negative value, whatever they read. */
const positive: ReadonlySet<string> = new Set([
  'Abs',
  'Exp',
  'HardSigmoid',
  'Relu',
  'Sigmoid',
  'Softmax',
  'Softplus',
  'Sqrt',
])
/** Operators that write none where no input has one. */
const joins: ReadonlySet<string> = new Set(['Add', 'Concat', 'Mul'])
/** Operators that write none where their first input has none. */
const moves: ReadonlySet<string> = new Set([
  ...[
    'AveragePool',
    'Flatten',
    'GlobalAveragePool',
    'GlobalMaxPool',
    'Identity',
    'MaxPool',
    'QuantizeLinear',
    'ReduceMean',
  ],
  ...['Reshape', 'Slice', 'Split', 'Squeeze', 'Transpose', 'Unsqueeze'],
])

/** Nodes come in topological order. */
export class QdqTaker {
  readonly activations = new Map<string, HeldActivation>()
  readonly weights = new Map<string, WeightScales>()
  readonly constants: TensorProto[] = []
  /** What a pair writes -> the activation itself, where that takes its place. */
  readonly renamed = new Map<string, string>()
  readonly #index: GraphIndex
  /** Tensors of the float model that have no negative value. */
  readonly #positive = new Set<string>()
  /** Activations -> what a Relu that was put in makes of them: several pairs may hold one. */
  readonly #clipped = new Map<string, string>()

  constructor(index: GraphIndex) {
    this.#index = index
  }

  /** What stands in the node's place; undefined: a constant does, or the name of what it reads. */
  take(node: NodeProto): NodeProto | undefined {
    const [from = ''] = node.input
    const parameters = isDequantize(node) ? this.#parameters(node) : undefined
    if (parameters === undefined) return this.#observed(node)
    const integers = this.#constantIntegers(from, parameters)
    if (integers !== undefined) {
      this.#dequantize(node, integers, parameters)
      return undefined
    }
    const source = this.#quantizedFrom(from, parameters)
    return source === undefined ? node : this.#passOn(node, this.renamed.get(source) ?? source, parameters)
  }

  /** A node that stays: whether it writes negative values is known from what it reads. */
  #observed(node: NodeProto): NodeProto {
    const read = joins.has(node.opType) ? node.input : moves.has(node.opType) ? node.input.slice(0, 1) : undefined
    if (positive.has(node.opType) || read?.every((name) => this.#positive.has(name)) === true) {
      for (const name of node.output) this.#positive.add(name)
    }
    return node
  }

  /** The integers of a constant, or of a float constant that a QuantizeLinear rounds. */
  #constantIntegers(name: string, parameters: Parameters): Integers | undefined {
    const stored = this.#index.initializer(name)
    if (stored !== undefined) {
      const { dataType } = stored
      if (!ranges.has(dataType) && dataType !== DataType.INT32) return undefined
      return { dims: tensorDims(stored), data: tensorData(stored) as ArrayLike<number> & Int8Array }
    }
    const source = this.#quantizedFrom(name, parameters)
    const floats = source === undefined ? undefined : this.#index.initializer(source)
    if (floats?.dataType !== DataType.FLOAT) return undefined
    const dims = tensorDims(floats)
    return { dims, data: rounded(floatValues(floats), dims, parameters) }
  }

  /** What a QuantizeLinear with the same parameters made these integers from. */
  #quantizedFrom(name: string, parameters: Parameters): string | undefined {
    let producer = this.#index.producer(name)
    while (producer !== undefined && castsTo(producer, parameters.dataType)) {
      producer = this.#index.producer(producer.input[0]!)
    }
    if (producer === undefined || !isQuantize(producer)) return undefined
    const own = this.#parameters(producer)
    return own !== undefined && same(own, parameters) ? producer.input[0] : undefined
  }

  #dequantize(node: NodeProto, integers: Integers, parameters: Parameters): void {
    const { dims } = integers
    const { scales, axis, block, dataType } = parameters
    const at = axis < 0 ? axis + dims.length : axis
    if (block === 0 && scales.length > 1 && scales.length !== dims[at]) {
      const shape = `[${dims.join(', ')}]`
      throw damaged(node, `${scales.length} scales along axis ${axis} of integers with dims ${shape}`)
    }
    const { values, largest } = dequantized(integers, parameters)
    const [name] = node.output as [string]
    this.constants.push(makeTensor(name, DataType.FLOAT, dims, values))
    if (block > 0 || dataType === DataType.INT32 || !largest.some((steps) => steps <= MOST_STEPS)) return
    // A channel that has a -128, as PyTorch's have, is rounded anew, to the widest scale that int8 without -128 takes.
    const kept = scales.map((scale, c) => (scale * Math.max(largest[c]!, MOST_STEPS)) / MOST_STEPS)
    this.weights.set(name, { scales: kept, axis: at })
  }

  /** A pair around an activation: its readers read the activation itself. */
  #passOn(node: NodeProto, source: string, { scales, zeroPoints, dataType }: Parameters): NodeProto | undefined {
    const range = ranges.get(dataType)
    if (range === undefined) return node
    const [output] = node.output as [string]
    if (scales.length > 1) {
      throw new SquireError(
        'UNSUPPORTED',
        `DequantizeLinear "${node.name}" has a scale for each channel of the activation "${source}"; the chip has one scale a tensor. ` +
          'Quantize activations per tensor.',
      )
    }
    const [low, high] = range
    const half = (low + high + 1) / 2
    const held = { scale: scales[0]!, zeroPoint: zeroPoints[0]! - half, bits: Math.log2(high - low + 1) }
    const isPositive = this.#positive.has(source)
    const clips = held.zeroPoint === low - half && !isPositive
    if (isPositive || clips) this.#positive.add(output)
    const clipped = clips ? this.#clipped.get(source) : undefined
    // The first pair is the one that the tensor's writer is held by.
    for (const name of clips ? [output] : [source, output])
      if (!this.activations.has(name)) this.activations.set(name, held)
    const from = clipped ?? source
    if ((clipped !== undefined || !clips) && !this.#index.isGraphOutput(output)) {
      this.renamed.set(output, from)
      return undefined
    }
    const opType = clips && clipped === undefined ? 'Relu' : 'Identity'
    if (opType === 'Relu') this.#clipped.set(source, output)
    return { name: node.name, opType, domain: '', input: [from], output: [output], attribute: [] }
  }

  #parameters(node: NodeProto): Parameters | undefined {
    const [scale, zero] = [this.#index.initializer(node.input[1] ?? ''), this.#index.initializer(node.input[2] ?? '')]
    if (scale?.dataType !== DataType.FLOAT || (node.input[2] && zero === undefined)) return undefined
    const scales = floatValues(scale)
    const dataType = zero?.dataType ?? this.#typeOf(node)
    if (dataType === undefined || !(ranges.has(dataType) || dataType === DataType.INT32)) return undefined
    if (!scales.every((one) => one > 0 && one < Number.POSITIVE_INFINITY)) {
      throw damaged(node, 'a scale that is not a positive number')
    }
    const given = zero === undefined ? [] : Array.from(tensorData(zero) as Int8Array)
    const zeroPoints = Array.from(scales, (_, i) => given[i] ?? 0)
    const block = intAttribute(node, 'block_size', 0)
    return { scales, zeroPoints, dataType, axis: intAttribute(node, 'axis', 1), block }
  }

  /** Without a zero point: of a QuantizeLinear uint8, of a DequantizeLinear that of what it reads. */
  #typeOf(node: NodeProto): number | undefined {
    if (isQuantize(node)) return intAttribute(node, 'output_dtype', DataType.UINT8)
    const stored = this.#index.initializer(node.input[0] ?? '')
    if (stored !== undefined) return stored.dataType
    const producer = this.#index.producer(node.input[0] ?? '')
    if (producer === undefined || !isQuantize(producer)) return undefined
    return this.#index.initializer(producer.input[2] ?? '')?.dataType ?? this.#typeOf(producer)
  }
}

function damaged({ opType, name }: NodeProto, problem: string): SquireError {
  return new SquireError('MODEL', `${opType} "${name}" has ${problem}: the model is damaged, export it again`)
}

function same(a: Parameters, b: Parameters): boolean {
  const alike = a.dataType === b.dataType && a.block === b.block && (a.scales.length === 1 || a.axis === b.axis)
  return alike && String(a.scales) === String(b.scales) && String(a.zeroPoints) === String(b.zeroPoints)
}
