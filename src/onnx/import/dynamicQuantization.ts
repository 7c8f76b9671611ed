// Models that ONNX Runtime's quantize_dynamic wrote, as float models. Such a model finds the scales of its activations while it runs, which no chip
// does; its weights are rounded and stay so.
//
//     x -> DynamicQuantizeLinear -> integers, scale, zero point -> ConvInteger or MatMulInteger -> Cast -> Mul (scale * weights' scale)
//
// becomes what it is at a scale of 1 without rounding: the integers are x itself, the product is Conv or MatMul of x and the weights. Older versions quantize the bias as well: Floor (bias / scale / weights' scale) -> Cast, which round no longer.
// Source: onnxruntime/python/tools/quantization/operators (conv.py, matmul.py, lstm.py), and ContribOperators.md for DynamicQuantizeLSTM.

import { intAttribute } from '../attribute.js'
import { type GraphIndex, indexGraph } from '../graph.js'
import { CONTRIB_DOMAIN } from '../operators.js'
import { elementCount, floatValues, makeTensor, tensorData, tensorDims } from '../tensor.js'
import { DataType, type NodeProto, type TensorProto } from '../types.js'
import type { ImportStep } from './step.js'

/** Integer operators -> float ones. */
const products: Readonly<Record<string, string>> = { ConvInteger: 'Conv', MatMulInteger: 'MatMul' }

/** A model of which something has another form stays as it is: takeQdq() refuses it. */
export const takeDynamicQuantization: ImportStep = (proto) => {
  const { graph } = proto
  if (!graph.node.some(isQuantized)) return { proto }
  const taker = new Taker(indexGraph(graph))
  const node = graph.node.flatMap((one) => taker.take(one))
  if (taker.isStuck) return { proto }
  const initializer = [...graph.initializer, ...taker.tensors]
  const count = graph.node.filter(isQuantized).length
  return {
    // What is said of inner tensors was said of the integers.
    proto: { ...proto, graph: { ...graph, node, initializer, valueInfo: [] } },
    line: `the model is quantized while it runs (quantize_dynamic): its ${count} products are taken in float, with weights that are rounded already. The float model that it was made from would lose less`,
  }
}

const isLstm = ({ opType, domain }: NodeProto) => opType === 'DynamicQuantizeLSTM' && domain === CONTRIB_DOMAIN
const isQuantized = (node: NodeProto) => node.opType in products || isLstm(node)

class Taker {
  readonly #index: GraphIndex
  readonly #made = new Map<string, TensorProto>()
  isStuck = false

  constructor(index: GraphIndex) {
    this.#index = index
  }

  get tensors(): readonly TensorProto[] {
    return [...this.#made.values()]
  }

  take(node: NodeProto): NodeProto[] {
    if (node.opType === 'DynamicQuantizeLinear') return this.#activation(node)
    if (node.opType in products) return [this.#product(node)]
    if (isLstm(node)) return [this.#lstm(node)]
    const isScaled = node.opType === 'Mul' && node.input.some((name) => this.#isScaledBy(node, name))
    if (isScaled) return [identity({ ...node, input: node.input.filter((name) => this.#isScaledBy(node, name)) })]
    return [this.#isOfBias(node) ? identity(node) : node]
  }

  #activation(node: NodeProto): NodeProto[] {
    const [integers, scale, zeroPoint] = node.output as [string, string, string]
    const readers = [integers, zeroPoint].flatMap((name) => this.#index.consumers(name))
    const isOther = readers.some(({ opType }) => !(opType in products)) || this.#scaleReaders(scale).length === 0
    if (isOther || node.output.some((name) => this.#index.isGraphOutput(name))) this.isStuck = true
    this.#made.set(scale, makeTensor(scale, DataType.FLOAT, [], Float32Array.of(1)))
    return [{ ...node, opType: 'Identity', output: [integers] }]
  }

  #scaleReaders(scale: string): readonly NodeProto[] {
    const readers = this.#index.consumers(scale)
    return readers.every(({ opType }) => opType === 'Mul') ? readers : []
  }

  #product(node: NodeProto): NodeProto {
    const opType = products[node.opType]!
    const [left, right, leftZero, rightZero] = node.input as [string, string, string?, string?]
    const isActivation = (name: string) => this.#producer(name)?.opType === 'DynamicQuantizeLinear'
    const input = [
      isActivation(left) ? left : this.#weights(left, leftZero, undefined, 0),
      isActivation(right)
        ? right
        : this.#weights(right, rightZero, this.#scaleAfter(node)?.weights, opType === 'Conv' ? 0 : 1),
    ]
    const isRead = this.#readers(node).every((reader) => isCastToFloat(reader) || reader.opType === 'Add')
    if (!isRead || this.#index.isGraphOutput(node.output[0]!)) this.isStuck = true
    return { ...node, opType, input }
  }

  /** The Mul by both scales that follows a product's Cast, where nothing else reads either, and the scale of constant weights: one, or one a column. */
  #scaleAfter(product: NodeProto): { readonly node: NodeProto; readonly weights: TensorProto | undefined } | undefined {
    const [cast, ...more] = this.#readers(product)
    if (cast === undefined || more.length > 0 || !isCastToFloat(cast)) return undefined
    const [node, ...others] = this.#readers(cast)
    if (node?.opType !== 'Mul' || others.length > 0) return undefined
    const both = this.#producer(node.input.find((name) => name !== cast.output[0]))
    if (both?.opType !== 'Mul' || !both.input.some((name) => this.#isScale(name))) return undefined
    const weights = both.input.map((name) => this.#index.initializer(name)).find((one) => one !== undefined)
    const isPlain =
      weights === undefined
        ? both.input.every((name) => this.#isScale(name))
        : tensorDims(weights).length === 0 || product.opType === 'MatMulInteger'
    return isPlain ? { node, weights } : undefined
  }

  #isScale(name: string): boolean {
    const quantize = this.#producer(name)
    return quantize?.opType === 'DynamicQuantizeLinear' && quantize.output[1] === name
  }

  /** The name of (integers - zero points) * scales, as float. */
  #weights(name: string, zeroPoint: string | undefined, scales: TensorProto | undefined, axis: number): string {
    const taken = [name, zeroPoint, scales?.name, 'real'].filter(Boolean).join('_')
    const [integers, zeros] = [name, zeroPoint].map((one) => (one ? this.#index.initializer(one) : undefined))
    if (integers === undefined || (zeroPoint && zeros === undefined)) {
      this.isStuck = true
      return name
    }
    const along = axis === 0 ? 0 : tensorDims(integers).length - 1
    const steps = { zeros: zeros ? numbers(zeros) : [0], scales: scales ? floatValues(scales) : [1], axis: along }
    if (!this.#made.has(taken)) this.#made.set(taken, real(taken, integers, steps))
    return taken
  }

  /** Whether the tensor is a product whose weights hold the scale that the Mul brings. */
  #isScaledBy(node: NodeProto, tensor: string): boolean {
    const product = this.#producer(this.#producer(tensor)?.input[0])
    return product !== undefined && product.opType in products && this.#scaleAfter(product)?.node === node
  }

  /** X, W, R, B, lengths, h, c, P, and scales and zero points of W and R, which are [directions, inputs, 4 * hidden]. */
  #lstm(node: NodeProto): NodeProto {
    const of = (name: string, scale: string, zeroPoint: string) => {
      const [integers, scales, zeros] = [name, scale, zeroPoint].map((one) => this.#index.initializer(one))
      if (integers === undefined || scales === undefined || zeros === undefined) this.isStuck = true
      else this.#made.set(`${name}_real`, gateWeights(`${name}_real`, integers, floatValues(scales), numbers(zeros)))
      return `${name}_real`
    }
    const [x, w, r, b, lengths, h, c, p] = node.input as string[]
    const [wScale, wZero, rScale, rZero] = node.input.slice(8) as [string, string, string, string]
    const input = [x!, of(w!, wScale, wZero), of(r!, rScale, rZero), ...[b, lengths, h, c, p].map((name) => name ?? '')]
    return { ...node, opType: 'LSTM', domain: '', input }
  }

  /** Floor and Cast of bias / (activation's scale * weights' scale). */
  #isOfBias(node: NodeProto): boolean {
    if (node.opType === 'Cast') {
      const rounded = this.#producer(node.input[0])
      return intAttribute(node, 'to', 0) === DataType.INT32 && rounded !== undefined && this.#isOfBias(rounded)
    }
    if (node.opType !== 'Floor') return false
    const quotient = this.#producer(node.input[0])
    const scale = quotient?.opType === 'Div' ? this.#producer(quotient.input[1]) : undefined
    return scale?.opType === 'Mul' && scale.input.some((name) => this.#isScale(name))
  }

  #readers(node: NodeProto): readonly NodeProto[] {
    return this.#index.consumers(node.output[0]!)
  }

  #producer(name: string | undefined): NodeProto | undefined {
    return name ? this.#index.producer(name) : undefined
  }
}

const isCastToFloat = (node: NodeProto) => node.opType === 'Cast' && intAttribute(node, 'to', 0) === DataType.FLOAT
const identity = (node: NodeProto): NodeProto => ({ ...node, opType: 'Identity', attribute: [] })
const numbers = (tensor: TensorProto) => Array.from(tensorData(tensor), Number)

interface Steps {
  /** One, or one for each index along the axis. */
  readonly zeros: readonly number[]
  readonly scales: ArrayLike<number>
  readonly axis: number
}

function real(name: string, integers: TensorProto, { zeros, scales, axis }: Steps): TensorProto {
  const dims = tensorDims(integers)
  const step = elementCount(dims.slice(axis + 1))
  const values = Float32Array.from(numbers(integers), (value, i) => {
    const index = Math.floor(i / step) % dims[axis]!
    return (value - zeros[index % zeros.length]!) * scales[index % scales.length]!
  })
  return makeTensor(name, DataType.FLOAT, dims, values)
}

/** [directions, inputs, gates] of integers as [directions, gates, inputs] of reals. One scale for each direction, or for each gate of each. */
function gateWeights(
  name: string,
  integers: TensorProto,
  scales: ArrayLike<number>,
  zeros: readonly number[],
): TensorProto {
  const [directions, inputs, gates] = tensorDims(integers) as [number, number, number]
  const given = numbers(integers)
  const values = new Float32Array(given.length)
  const each = scales.length / directions
  for (let i = 0; i < given.length; i++) {
    const gate = i % gates
    const input = Math.floor(i / gates) % inputs
    const direction = Math.floor(i / (gates * inputs))
    const scale = direction * each + (each === 1 ? 0 : gate)
    values[(direction * gates + gate) * inputs + input] = (given[i]! - zeros[scale]!) * scales[scale]!
  }
  return makeTensor(name, DataType.FLOAT, [directions, gates, inputs], values)
}
