// The float graph with some tensors held less an offset: the same function within float rounding. Tensors keep their names.
//
//     writer   Conv(bias - c) -> Clip(min = -c) for Conv -> Relu; a function f of one tensor becomes f - c
//     reader   Conv(bias + c * sum of a channel's weights), a Pad with -c before it where it pads; f(x) becomes f(x' + c)
//     between  max pools, concats, linear resizes and moves pass the offset on; a Pad of zeros writes -c
//     added    sums and averages write the sum of the offsets of what they read
//     joined   what a concat reads with another offset b than its own gets an Add of b - c, a table

import { floatAttribute, makeAttribute, stringAttribute } from '../onnx/attribute.js'
import { nameSource } from '../onnx/graph.js'
import { opsetOf } from '../onnx/model.js'
import { makeNode } from '../onnx/node.js'
import { floatValues, makeTensor } from '../onnx/tensor.js'
import {
  DataType,
  type ModelProto,
  type NodeProto,
  type TensorData,
  type TensorInfo,
  type TensorProto,
} from '../onnx/types.js'
import type { PlannedAccumulation } from '../operators/accumulation/types.js'
import type { PlannedConv } from '../operators/conv/plan.js'
import type { PlannedLut } from '../operators/lut/plan.js'
import type { PlannedOperator } from '../operators/types.js'
import { isFunction } from '../plan/toldApart.js'
import type { Plan } from '../plan/types.js'
import { addsUp, isAccumulation, joins, pads } from './groups.js'

export interface OffsetGraph {
  readonly proto: ModelProto
  /** Dims and types, of new tensors too. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** c of every tensor that has one, written-out padding included. */
  readonly offsets: ReadonlyMap<string, number>
  /** Pad nodes added. */
  readonly pads: number
}

/** @param offsets c of each tensor, by its name */
export function offsetGraph(proto: ModelProto, plan: Plan, offsets: ReadonlyMap<string, number>): OffsetGraph {
  const writer = new Writer(proto, plan, offsets)
  for (const operator of plan.operators) writer.write(operator)
  return writer.result()
}

class Writer {
  readonly #proto: ModelProto
  readonly #plan: Plan
  readonly #offsets: Map<string, number>
  readonly #tensors: Map<string, TensorInfo>
  readonly #unique: (wish: string) => string
  readonly #constants: TensorProto[] = []
  /** Input and padding -> the padded tensor. */
  readonly #padded = new Map<string, string>()
  readonly #nodes: NodeProto[] = []

  constructor(proto: ModelProto, plan: Plan, offsets: ReadonlyMap<string, number>) {
    this.#proto = proto
    this.#plan = plan
    this.#offsets = new Map(offsets)
    this.#tensors = new Map(plan.tensors)
    this.#unique = nameSource(proto.graph)
  }

  result(): OffsetGraph {
    const { graph } = this.#proto
    const initializer = [...graph.initializer, ...this.#constants]
    const proto = { ...this.#proto, graph: { ...graph, node: this.#nodes, initializer } }
    return { proto, tensors: this.#tensors, offsets: this.#offsets, pads: this.#padded.size }
  }

  write(planned: PlannedOperator): void {
    // The float graph has no copies in fewer bits. Neither a copy nor what it is made of has an offset.
    const operator = { ...planned, inputs: planned.inputs.map((name) => this.#plan.narrowed.get(name) ?? name) }
    const touched = [...operator.inputs, ...operator.outputs].some((name) => this.#offsets.has(name))
    if (!touched) this.#nodes.push(...operator.nodes)
    else if (isAccumulation(operator)) this.#accumulate(operator)
    else if (isFunction(operator)) this.#map(operator)
    else if (addsUp(operator)) this.#add(operator)
    else if (joins(operator, this.#plan)) this.#join(operator)
    else for (const node of operator.nodes) this.#pass(node)
  }

  #accumulate(operator: PlannedAccumulation): void {
    const [input, output] = [operator.inputs[0]!, operator.outputs[0]!]
    const [from, to] = [this.#offsets.get(input) ?? 0, this.#offsets.get(output) ?? 0]
    const sums = weightSums(operator)
    const values = operator.bias.map((bias, c) => bias + from * sums[c]! - to)
    const bias = this.#constant(`${output}_bias`, DataType.FLOAT, [values.length], values)
    const [first, ...rest] = operator.nodes as [NodeProto, ...NodeProto[]]
    if (first.opType === 'MatMul') this.#multiply(first, rest[0]?.opType === 'Add' ? rest.shift() : undefined, bias)
    else {
      const padded = from !== 0 && pads(operator) ? this.#pad(operator, input, -from) : input
      // The bias is whole: a Gemm's beta has been multiplied in.
      const kept = first.attribute.filter(({ name }) => name !== 'beta')
      const attribute = padded === input ? kept : withoutPads(kept, operator as PlannedConv)
      this.#nodes.push({ ...first, input: [padded, first.input[1]!, bias], attribute })
    }
    for (const node of rest) this.#nodes.push(to === 0 ? node : this.#clamp(node, to))
  }

  /** A product and what is added to it. */
  #multiply(product: NodeProto, added: NodeProto | undefined, bias: string): void {
    if (added !== undefined) {
      this.#nodes.push(product, { ...added, input: [product.output[0]!, bias] })
      return
    }
    const [output] = product.output as [string]
    const raw = this.#like(output, `${output}_product`)
    const name = this.#unique(`${product.name}_add`)
    this.#nodes.push({ ...product, output: [raw] }, makeNode('Add', [raw, bias], [output], [], name))
  }

  /** A Relu or Clip behind an accumulation, less the output's offset. */
  #clamp(node: NodeProto, offset: number): NodeProto {
    const bounds = node.opType === 'Relu' ? ([0, undefined] as const) : this.#bounds(node)
    const [low, high] = bounds.map((bound) => (bound === undefined ? undefined : Math.fround(bound - offset)))
    const [input, output] = [node.input[0]!, node.output[0]!]
    if (opsetOf(this.#proto) < 11) {
      const attributes = [
        ...(low === undefined ? [] : [makeAttribute('min', { float: low })]),
        ...(high === undefined ? [] : [makeAttribute('max', { float: high })]),
      ]
      return makeNode('Clip', [input], [output], attributes, node.name)
    }
    const inputs = [low, high].map((bound) => (bound === undefined ? '' : this.#scalar(`${output}_bound`, bound)))
    while (inputs.at(-1) === '') inputs.pop()
    return makeNode('Clip', [input, ...inputs], [output], [], node.name)
  }

  /** Bounds are inputs since opset 11, attributes before. */
  #bounds(node: NodeProto): readonly [number | undefined, number | undefined] {
    const [, min = '', max = ''] = node.input
    const attribute = (name: string) => {
      const value = floatAttribute(node, name, Number.NaN)
      return Number.isNaN(value) ? undefined : value
    }
    return [min === '' ? attribute('min') : this.#value(min), max === '' ? attribute('max') : this.#value(max)]
  }

  #value(name: string): number {
    return floatValues(this.#proto.graph.initializer.find((tensor) => tensor.name === name)!)[0]!
  }

  /** A function of one tensor: what it reads gets its offset back, what it writes loses its own. */
  #map({ inputs, outputs, nodes }: PlannedLut): void {
    const [input, output] = [inputs[0]!, outputs[0]!]
    const [from, to] = [this.#offsets.get(input), this.#offsets.get(output)]
    const read = from === undefined ? input : this.#like(input, `${input}_restored`)
    const written = to === undefined ? output : this.#like(output, `${output}_whole`)
    if (from !== undefined) this.#arithmetic('Add', input, from, read)
    const rename = (name: string) => (name === input ? read : name === output ? written : name)
    for (const node of nodes) {
      this.#nodes.push({ ...node, input: node.input.map(rename), output: node.output.map(rename) })
    }
    if (to !== undefined) this.#arithmetic('Sub', written, to, output)
  }

  /** A concat, whose inputs get its output's offset. */
  #join({ inputs, outputs, nodes: [node] }: PlannedOperator): void {
    const to = this.#offsets.get(outputs[0]!) ?? 0
    const read = new Map(
      [...new Set(inputs)].map((input) => {
        const from = this.#offsets.get(input) ?? 0
        if (from === to) return [input, input] as const
        const moved = this.#like(input, `${input}_of_${outputs[0]}`)
        this.#arithmetic('Add', input, Math.fround(from - to), moved)
        return [input, moved] as const
      }),
    )
    this.#nodes.push({ ...node!, input: node!.input.map((input) => read.get(input)!) })
  }

  #arithmetic(opType: 'Add' | 'Sub', from: string, constant: number, to: string): void {
    const operand = this.#scalar(`${to}_offset`, constant)
    this.#nodes.push(makeNode(opType, [from, operand], [to], [], this.#unique(`${to}_${opType.toLowerCase()}`)))
  }

  /** The offsets of its inputs add up to its output's: its clamp alone has to know. */
  #add({ nodes: [first, ...rest], outputs }: PlannedOperator): void {
    const to = this.#offsets.get(outputs[0]!) ?? 0
    this.#nodes.push(first!, ...rest.map((node) => (to === 0 ? node : this.#clamp(node, to))))
  }

  #pass(node: NodeProto): void {
    const isConstantPad = node.opType === 'Pad' && stringAttribute(node, 'mode', 'constant') === 'constant'
    if (!isConstantPad) {
      this.#nodes.push(node)
      return
    }
    const [input = '', amounts = '', given = '', ...axes] = node.input
    const padding = given === '' ? floatAttribute(node, 'value', 0) : this.#value(given)
    const value = Math.fround(padding - this.#offsets.get(input)!)
    if (opsetOf(this.#proto) < 11) {
      const attribute = node.attribute.filter(({ name }) => name !== 'value')
      this.#nodes.push({ ...node, attribute: [...attribute, makeAttribute('value', { float: value })] })
    } else {
      this.#nodes.push({ ...node, input: [input, amounts, this.#scalar(`${node.output[0]}_value`, value), ...axes] })
    }
  }

  /** The input with the convolution's padding written out; one for all convolutions that pad alike. */
  #pad({ pads: amounts, nodes }: PlannedConv, input: string, value: number): string {
    const key = `${input} ${amounts}`
    const known = this.#padded.get(key)
    if (known !== undefined) return known
    const half = amounts.length / 2
    const all = [0, 0, ...amounts.slice(0, half), 0, 0, ...amounts.slice(half)]
    const { dataType, dims } = this.#tensors.get(input)!
    const output = this.#unique(`${input}_padded`)
    this.#tensors.set(output, { dataType, dims: dims.map((size, axis) => size + all[axis]! + all[axis + half + 2]!) })
    this.#offsets.set(output, -value)
    const mode = makeAttribute('mode', 'constant')
    const name = this.#unique(`${nodes[0]!.name}_pad`)
    if (opsetOf(this.#proto) < 11) {
      const attributes = [mode, makeAttribute('pads', all), makeAttribute('value', { float: value })]
      this.#nodes.push(makeNode('Pad', [input], [output], attributes, name))
    } else {
      const size = this.#constant(`${output}_pads`, DataType.INT64, [all.length], BigInt64Array.from(all, BigInt))
      this.#nodes.push(makeNode('Pad', [input, size, this.#scalar(`${output}_value`, value)], [output], [mode], name))
    }
    this.#padded.set(key, output)
    return output
  }

  /** A new tensor of the same type and dims. */
  #like(name: string, wish: string): string {
    const made = this.#unique(wish)
    const info = this.#tensors.get(name)
    if (info !== undefined) this.#tensors.set(made, info)
    return made
  }

  #scalar(wish: string, value: number): string {
    return this.#constant(wish, DataType.FLOAT, [], Float32Array.of(value))
  }

  #constant(wish: string, dataType: number, dims: readonly number[], data: TensorData): string {
    const name = this.#unique(wish)
    this.#constants.push(makeTensor(name, dataType, dims, data))
    this.#tensors.set(name, { dataType, dims })
    return name
  }
}

/** Of operators whose zero points have been looked at before: every policy and tensor asks again. */
const knownSums = new WeakMap<PlannedAccumulation, Float64Array>()

/** The sum of the weights of each output channel or column. */
export function weightSums(operator: PlannedAccumulation): Float64Array {
  const sums = knownSums.get(operator) ?? summedWeights(operator)
  knownSums.set(operator, sums)
  return sums
}

function summedWeights({ nodes, weights, bias }: PlannedAccumulation): Float64Array {
  const channels = bias.length
  const sums = new Float64Array(channels)
  const depth = weights.data.length / channels
  const isConv = nodes[0]!.opType === 'Conv'
  // Whether a channel's weights lie together, as those of a Gemm with transB do too.
  const byChannel = isConv || ('transposed' in weights && weights.transposed === true)
  const [rows, columns] = byChannel ? [channels, depth] : [depth, channels]
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) sums[byChannel ? row : column]! += weights.data[at]!
  }
  return sums
}

function withoutPads(attributes: NodeProto['attribute'], { pads: amounts }: PlannedConv): NodeProto['attribute'] {
  const others = attributes.filter(({ name }) => name !== 'pads' && name !== 'auto_pad')
  return [...others, makeAttribute('pads', [...amounts].fill(0))]
}
