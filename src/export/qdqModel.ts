// The float model with QuantizeLinear/DequantizeLinear around every tensor of 8-bit integers and behind every int8 weight: the same
// scales as on the chip, for runtimes and compilers that quantize by themselves. It is close to the integer model, not equal:
// such runtimes round halves to even and do not know the chip's shifts. Wider tensors stay float: int16 QuantizeLinear needs opset 21.

import type { FixedConv, FixedMatMul, FixedOperator, FixedPointModel, QuantizedTensor } from '../fixedpoint/types.js'
import { floatAttribute, intAttribute, makeAttribute } from '../onnx/attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../onnx/graph.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { floatValues } from '../onnx/tensor.js'
import { DataType, type Model, type ModelProto, type NodeProto } from '../onnx/types.js'
import { GraphBuilder } from './builder.js'
import { surroundingsIn, upgradeNodes } from './opset.js'
import { renameTensors } from './renaming.js'
import { type Provenance, writtenModel } from './writtenModel.js'

const QDQ_BITS = 8
/** Per-channel arithmetic is a convolution to the plan; as a Mul or an Add it keeps its float constants. */
const weighted: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul'])

const LARGEST_INT32 = 2 ** 31 - 1

/**
 * @param source the model that the plan was made from; raised to opset 13, which has scales per channel
 * @throws SquireError UNSUPPORTED for a source below opset 13 with operators that cannot be converted
 */
export function qdqModel(fixed: FixedPointModel, source: Model, provenance: Provenance = {}): ModelProto {
  const { proto } = source
  const writer = new QdqWriter(fixed, proto)
  for (const { name } of modelInputs(proto)) writer.roundTrip(name, name)
  for (const operator of fixed.operators) writer.write(operator)
  return writtenModel(proto, writer.builder, proto.graph.output, { chip: fixed.chip.name }, provenance)
}

/** Mutable state of one export: the graph so far, and what float nodes read in place of a tensor. */
class QdqWriter {
  readonly builder: GraphBuilder
  readonly #fixed: FixedPointModel
  readonly #index: GraphIndex
  readonly #upgrade: (nodes: readonly NodeProto[]) => NodeProto[]
  readonly #dequantized = new Map<string, string>()

  constructor(fixed: FixedPointModel, source: ModelProto) {
    this.builder = new GraphBuilder(nameSource(source.graph))
    this.#fixed = fixed
    this.#index = indexGraph(source.graph)
    const surroundings = surroundingsIn(this.builder, fixed)
    this.#upgrade = (nodes) => upgradeNodes(nodes, opsetOf(source), surroundings)
  }

  write(operator: FixedOperator): void {
    const outputs = 'outputs' in operator ? operator.outputs : [operator.output]
    // The graph's output is what comes back from the round trip; the node writes under another name.
    const written = new Map(
      outputs
        .filter((name) => this.#isHeld(name) && this.#index.isGraphOutput(name))
        .map((name) => [name, this.builder.name(`${name}_float`)] as const),
    )
    const write = (name: string) => written.get(name) ?? name
    const read = (name: string) => written.get(name) ?? this.#dequantized.get(name) ?? name
    for (const node of this.#upgrade(operator.nodes)) {
      const copy = renameTensors(node, read, write)
      this.builder.add(isAccumulating(operator) ? this.#withWeights(copy, operator) : copy)
    }
    for (const name of outputs) this.roundTrip(name, write(name))
  }

  /** Quantizes a tensor of 8-bit integers, written as `written`, and dequantizes it for its readers. */
  roundTrip(name: string, written: string): void {
    const tensor = this.#fixed.quantized.get(name)
    if (tensor === undefined || !this.#isHeld(name)) return
    const e = this.builder.operator(name)
    const parameters = [e.scalar('float32', tensor.scale), this.builder.zeroPoint()]
    const integers = e.emit('QuantizeLinear', [written, ...parameters])
    const output = this.#index.isGraphOutput(name) && written !== name ? name : undefined
    this.#dequantized.set(name, e.emit('DequantizeLinear', [integers, ...parameters], [], output))
  }

  #isHeld(name: string): boolean {
    return this.#fixed.quantized.get(name)?.bits === QDQ_BITS
  }

  /** A Conv, Gemm or MatMul on int8 weights, with its bias in the units of the accumulator. Other nodes stay as they are. */
  #withWeights(node: NodeProto, operator: FixedConv | FixedMatMul): NodeProto {
    if (!weighted.has(node.opType)) return node
    const { axis, data, dims, scales } = layOut(node, operator)
    const e = this.builder.operator(operator.name)
    const weights = e.initializer('weights', DataType.INT8, dims, data)
    const dequantize = (integers: string, along: number, by: Float32Array, zeros: Int8Array | Int32Array) => {
      const type = zeros instanceof Int8Array ? DataType.INT8 : DataType.INT32
      const scale = e.initializer('scale', DataType.FLOAT, [by.length], by)
      const zero = e.initializer('zero_point', type, [zeros.length], zeros)
      return e.emit('DequantizeLinear', [integers, scale, zero], [makeAttribute('axis', along)])
    }
    const input = [...node.input]
    input[1] = dequantize(weights, axis, scales, new Int8Array(scales.length))
    const bias = this.#biasIntegers(node, operator, scales)
    if (bias !== undefined) {
      const stored = e.initializer('bias', DataType.INT32, [bias.data.length], bias.data)
      input[2] = dequantize(stored, 0, bias.scales, new Int32Array(bias.data.length))
    }
    return { ...node, input }
  }

  /** undefined where there is no constant bias of one value a channel, or where it does not fit int32: it stays float then. */
  #biasIntegers(node: NodeProto, operator: FixedConv | FixedMatMul, weightScales: Float32Array) {
    const bias = this.#index.initializer(node.input[2] ?? '')
    const input: QuantizedTensor | undefined = this.#fixed.quantized.get(operator.input)
    const scaled = floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1
    if (bias === undefined || input === undefined || scaled || bias.dims.length !== 1) return undefined
    const values = floatValues(bias)
    const scales = weightScales.map((scale) => scale * input.scale)
    const integers = Array.from(values, (value, c) => Math.round(value / scales[c]!))
    if (values.length !== scales.length || !integers.every((value) => Math.abs(value) <= LARGEST_INT32))
      return undefined
    return { scales, data: Int32Array.from(integers) }
  }
}

function isAccumulating(operator: FixedOperator): operator is FixedConv | FixedMatMul {
  return operator.kind === 'conv' || operator.kind === 'matmul'
}

interface Layout {
  readonly axis: number
  readonly dims: readonly number[]
  readonly data: Int8Array
  readonly scales: Float32Array
}

/** The integer weights as the node's second input has them: the plan holds a product's as [K, N], alpha applied. */
function layOut(node: NodeProto, { weights, weightScales }: FixedConv | FixedMatMul): Layout {
  const { dims, data } = weights
  if (node.opType === 'Conv') return { axis: 0, dims, data, scales: Float32Array.from(weightScales) }
  const alpha = node.opType === 'Gemm' ? floatAttribute(node, 'alpha', 1) : 1
  const scales = Float32Array.from(weightScales, (scale) => scale / Math.abs(alpha))
  const signed = alpha < 0 ? data.map((value) => -value) : data
  const [depth, columns] = dims as readonly [number, number]
  if (node.opType !== 'Gemm' || intAttribute(node, 'transB', 0) === 0) return { axis: 1, dims, data: signed, scales }
  const transposed = data.map((_, at) => signed[(at % depth) * columns + Math.floor(at / depth)]!)
  return { axis: 0, dims: [columns, depth], data: transposed, scales }
}
