// Models in ONNX Runtime's QOperator format in QDQ form: every operator on integers becomes its float operator between DequantizeLinear and
// QuantizeLinear nodes with the scales that it was given.
//
//     QLinearConv(x, w, B)              becomes   QuantizeLinear(Conv(DequantizeLinear(x), DequantizeLinear(w), DequantizeLinear(B)))
//     MaxPool(x), x integers            becomes   QuantizeLinear(MaxPool(DequantizeLinear(x))) with the scale of x
//
// Operators of another form stay as they are.
// Source: onnx/docs/Operators.md (QLinearConv, QLinearMatMul) and onnxruntime/docs/ContribOperators.md.

import { own } from '../../own.js'
import { floatAttribute, intAttribute, makeAttribute } from '../attribute.js'
import { type GraphIndex, indexGraph, nameSource, sortTopologically } from '../graph.js'
import { makeNode } from '../node.js'
import { floatValues, makeTensor } from '../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../types.js'

/** Names of a scale and of its zero point, '' where that is 0. */
interface Scale {
  readonly scale: string
  readonly zeroPoint: string
}

/** A tensor of integers. */
interface Held {
  readonly name: string
  readonly scale: Scale
}

/** The float operator that a node stands for, with what it reads and writes. */
interface Form {
  readonly opType: string
  readonly inputs: readonly (Held | string)[]
  /** The input that may have a scale for each index along an axis. */
  readonly weights?: { readonly place: number; readonly axis: number }
  /** A bias in integers of the scales of the first two inputs, times `factor`. */
  readonly bias?: { readonly name: string; readonly factor: number }
  /** Of what it writes; undefined where that is real values. */
  readonly output: Scale | undefined
  /** Names of attributes that the float operator does not have. */
  readonly without?: readonly string[]
}

type Reading = (node: NodeProto) => Form

const scaleAt = (input: readonly string[], at: number): Scale => ({ scale: input[at]!, zeroPoint: input[at + 1] ?? '' })
const held = (input: readonly string[], at: number): Held => ({ name: input[at]!, scale: scaleAt(input, at + 1) })

const unary =
  (opType: string, without: readonly string[] = []): Reading =>
  ({ input }) => ({ opType, inputs: [held(input, 0)], output: scaleAt(input, 3), without })

const binary =
  (opType: string): Reading =>
  ({ input }) => ({ opType, inputs: [held(input, 0), held(input, 3)], output: scaleAt(input, 6) })

/** Integer operator -> what it reads and writes. */
const readings: Readonly<Record<string, Reading>> = {
  QLinearConv: ({ input }) => ({
    ...{ opType: 'Conv', inputs: [held(input, 0), held(input, 3)], output: scaleAt(input, 6) },
    weights: { place: 1, axis: 0 },
    ...(input[8] && { bias: { name: input[8], factor: 1 } }),
  }),
  QLinearMatMul: (node) => ({ ...binary('MatMul')(node), weights: { place: 1, axis: -1 } }),
  QGemm: (node) => {
    const { input } = node
    return {
      ...{ opType: 'Gemm', inputs: [held(input, 0), held(input, 3)] },
      weights: { place: 1, axis: 1 - intAttribute(node, 'transB', 0) },
      output: input[7] ? scaleAt(input, 7) : undefined,
      ...(input[6] && { bias: { name: input[6], factor: floatAttribute(node, 'alpha', 1) } }),
    }
  },
  QLinearAdd: binary('Add'),
  QLinearMul: binary('Mul'),
  QLinearSigmoid: unary('Sigmoid'),
  QLinearLeakyRelu: unary('LeakyRelu'),
  QLinearSoftmax: unary('Softmax', ['opset']),
  QLinearReduceMean: unary('ReduceMean'),
  QLinearAveragePool: unary('AveragePool', ['channels_last']),
  QLinearGlobalAveragePool: unary('GlobalAveragePool', ['channels_last']),
  QLinearConcat: ({ input }) => ({
    opType: 'Concat',
    inputs: Array.from({ length: (input.length - 2) / 3 }, (_, i) => held(input, 2 + 3 * i)),
    output: scaleAt(input, 0),
  }),
  QLinearWhere: ({ input }) => ({
    ...{ opType: 'Where', inputs: [input[0]!, held(input, 1), held(input, 4)], output: scaleAt(input, 7) },
  }),
}

/** They give integers that they read, or the largest of them, in other places. */
const moving: ReadonlySet<string> = new Set([
  ...['DepthToSpace', 'Expand', 'Flatten', 'Gather', 'GlobalMaxPool', 'Identity', 'MaxPool', 'Reshape', 'Resize'],
  ...['Slice', 'SpaceToDepth', 'Split', 'Squeeze', 'Tile', 'Transpose', 'Unsqueeze'],
])

/** The model itself where nothing in it is of this format. */
export function asQdq(proto: ModelProto): ModelProto {
  const { graph } = proto
  if (!graph.node.some(({ opType }) => own(readings, opType) !== undefined)) return proto
  const writer = new Writer(proto)
  const node = sortTopologically(graph.node).flatMap((one) => writer.rewritten(one))
  return { ...proto, graph: { ...graph, node, initializer: [...graph.initializer, ...writer.tensors] } }
}

class Writer {
  readonly tensors: TensorProto[] = []
  readonly #index: GraphIndex
  readonly #unique: (wish: string) => string
  /** Integers that a node writes -> their scale and zero point. */
  readonly #scales = new Map<string, Scale>()
  #nodes: NodeProto[] = []

  constructor({ graph }: ModelProto) {
    this.#index = indexGraph(graph)
    this.#unique = nameSource(graph)
  }

  rewritten(node: NodeProto): readonly NodeProto[] {
    const form = own(readings, node.opType)?.(node) ?? this.#movement(node)
    if (node.opType === 'QuantizeLinear') this.#scales.set(node.output[0]!, scaleAt(node.input, 1))
    if (form === undefined || intAttribute(node, 'channels_last', 0) !== 0) return [node]
    const bias = form.bias && this.#biasScale(form.bias, form.inputs)
    if (form.bias !== undefined && bias === undefined) return [node]
    this.#nodes = []
    this.#write(node, form, bias)
    return this.#nodes
  }

  #movement({ opType, input }: NodeProto): Form | undefined {
    const [name = '', ...others] = input
    const scale = moving.has(opType) ? this.#scales.get(name) : undefined
    return scale && { opType, inputs: [{ name, scale }, ...others], output: scale }
  }

  #write(node: NodeProto, { opType, inputs, weights, output, without = [] }: Form, bias: Held | undefined): void {
    const real = inputs.map((one, place) => {
      if (typeof one === 'string') return one
      return this.#dequantized(one, place === weights?.place ? weights.axis : undefined)
    })
    const added = bias === undefined ? [] : [this.#dequantized(bias, 0)]
    const attributes = node.attribute.filter(({ name }) => !without.includes(name))
    const outputs = node.output.map((name) => (output && name !== '' ? this.#unique(`${name}_real`) : name))
    this.#nodes.push(makeNode(opType, [...real, ...added], outputs, attributes, node.name))
    if (output === undefined) return
    for (const [i, name] of node.output.entries()) {
      if (name === '') continue
      this.#scales.set(name, output)
      this.#nodes.push(makeNode('QuantizeLinear', parts(outputs[i]!, output), [name], [], `${name}_QuantizeLinear`))
    }
  }

  /** @param axis along which there is a scale for each index, if there are several */
  #dequantized({ name, scale }: Held, axis: number | undefined): string {
    const result = this.#unique(`${name}_dequantized`)
    const attributes = axis === undefined ? [] : [makeAttribute('axis', axis)]
    this.#nodes.push(makeNode('DequantizeLinear', parts(name, scale), [result], attributes, result))
    return result
  }

  /** An integer of the bias is worth the product of both inputs' scales. Undefined where one is computed. */
  #biasScale({ name, factor }: NonNullable<Form['bias']>, inputs: Form['inputs']): Held | undefined {
    const [one, many] = inputs.map((input) => {
      const scale = typeof input === 'string' ? undefined : this.#index.initializer(input.scale.scale)
      return scale && floatValues(scale)
    })
    if (one?.length !== 1 || many === undefined) return undefined
    const products = Float32Array.from(many, (scale) => scale * one[0]! * factor)
    const dims = products.length === 1 ? [] : [products.length]
    const tensor = makeTensor(this.#unique(`${name}_scale`), DataType.FLOAT, dims, products)
    this.tensors.push(tensor)
    return { name, scale: { scale: tensor.name, zeroPoint: '' } }
  }
}

function parts(name: string, { scale, zeroPoint }: Scale): string[] {
  return zeroPoint === '' ? [name, scale] : [name, scale, zeroPoint]
}
