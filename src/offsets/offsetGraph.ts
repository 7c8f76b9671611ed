// The float graph with some tensors held less an offset: the same function within float rounding. Tensors keep their names.
//
//     writer   Conv(bias - c) -> Clip(min = -c) for Conv -> Relu; a function f of one tensor becomes f - c
//     reader   Conv(bias + c * sum of a channel's weights), a Pad with -c before it where it pads; f(x) becomes f(x' + c)
//     between  max pools, concats, linear resizes and moves pass the offset on; a Pad of zeros writes -c
//     added    sums and averages write the sum of the offsets of what they read
//     times    (x' + c) g becomes x' g + c g: a table of g, and a sum
//     joined   what a concat reads with another offset b than its own gets an Add of b - c, a table
//
// Each family writes its own nodes.

import { makeAttribute } from '../onnx/attribute.js'
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
import { familyOf } from '../operators/index.js'
import type { OffsetContext } from '../operators/offsets.js'
import type { PlannedOperator } from '../operators/types.js'
import type { Plan } from '../plan/types.js'

export interface OffsetGraph {
  readonly proto: ModelProto
  /** Dims and types, of new tensors too. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** c of every tensor that has one, written-out padding included. */
  readonly offsets: ReadonlyMap<string, number>
  /** Pad nodes added. */
  readonly pads: number
  /** Sums added behind products. */
  readonly sums: number
}

/** @param offsets c of each tensor, by its name */
export function offsetGraph(proto: ModelProto, plan: Plan, offsets: ReadonlyMap<string, number>): OffsetGraph {
  const writer = new Writer(proto, plan, offsets)
  for (const operator of plan.operators) writer.write(operator)
  return writer.result()
}

class Writer implements OffsetContext {
  readonly opset: number
  readonly unique: (wish: string) => string
  readonly #proto: ModelProto
  /** Copy in fewer bits -> the tensor that it is made of. */
  readonly #narrowed: ReadonlyMap<string, string>
  readonly #offsets: Map<string, number>
  readonly #tensors: Map<string, TensorInfo>
  readonly #constants: TensorProto[] = []
  /** Input and padding -> the padded tensor. */
  readonly #padded = new Map<string, string>()
  readonly #nodes: NodeProto[] = []
  #sums = 0

  constructor(proto: ModelProto, plan: Plan, offsets: ReadonlyMap<string, number>) {
    this.#proto = proto
    this.#narrowed = plan.narrowed
    this.#offsets = new Map(offsets)
    this.#tensors = new Map(plan.tensors)
    this.opset = opsetOf(proto)
    this.unique = nameSource(proto.graph)
  }

  result(): OffsetGraph {
    const { graph } = this.#proto
    const initializer = [...graph.initializer, ...this.#constants]
    const proto = { ...this.#proto, graph: { ...graph, node: this.#nodes, initializer } }
    return { proto, tensors: this.#tensors, offsets: this.#offsets, pads: this.#padded.size, sums: this.#sums }
  }

  write(planned: PlannedOperator): void {
    // The float graph has no copies in fewer bits. Neither a copy nor what it is made of has an offset.
    const inputs = planned.inputs.map((name) => this.#narrowed.get(name) ?? name)
    const operator = inputs.every((name, i) => name === planned.inputs[i]) ? planned : { ...planned, inputs }
    const touched = [...operator.inputs, ...operator.outputs].some((name) => this.#offsets.has(name))
    const { offsets, traits } = familyOf(operator)
    if (touched && traits.offset === 'multiplies') this.#sums++
    if (touched && offsets !== undefined) offsets.write(operator, this)
    else this.add(...operator.nodes)
  }

  add(...nodes: readonly NodeProto[]): void {
    for (const node of nodes) this.#nodes.push(node)
  }

  offset(tensor: string): number {
    return this.#offsets.get(tensor) ?? 0
  }

  value(constant: string): number {
    return floatValues(this.#proto.graph.initializer.find((tensor) => tensor.name === constant)!)[0]!
  }

  padded(input: string, amounts: readonly number[], name: string): string {
    const key = `${input} ${amounts}`
    const known = this.#padded.get(key)
    if (known !== undefined) return known
    const half = amounts.length / 2
    const all = [0, 0, ...amounts.slice(0, half), 0, 0, ...amounts.slice(half)]
    const value = -this.offset(input)
    const { dataType, dims } = this.#tensors.get(input)!
    const output = this.unique(`${input}_padded`)
    this.#tensors.set(output, { dataType, dims: dims.map((size, axis) => size + all[axis]! + all[axis + half + 2]!) })
    this.#offsets.set(output, -value)
    this.add(this.#pad(input, output, all, value, this.unique(`${name}_pad`)))
    this.#padded.set(key, output)
    return output
  }

  #pad(input: string, output: string, amounts: readonly number[], value: number, name: string): NodeProto {
    const mode = makeAttribute('mode', 'constant')
    if (this.opset < 11) {
      const attributes = [mode, makeAttribute('pads', amounts), makeAttribute('value', { float: value })]
      return makeNode('Pad', [input], [output], attributes, name)
    }
    const size = this.constant(`${output}_pads`, DataType.INT64, [amounts.length], BigInt64Array.from(amounts, BigInt))
    return makeNode('Pad', [input, size, this.scalar(`${output}_value`, value)], [output], [mode], name)
  }

  like(name: string, wish: string): string {
    const made = this.unique(wish)
    const info = this.#tensors.get(name)
    if (info !== undefined) this.#tensors.set(made, info)
    return made
  }

  scalar(wish: string, value: number): string {
    return this.constant(wish, DataType.FLOAT, [], Float32Array.of(value))
  }

  constant(wish: string, dataType: number, dims: readonly number[], data: TensorData): string {
    const name = this.unique(wish)
    this.#constants.push(makeTensor(name, dataType, dims, data))
    this.#tensors.set(name, { dataType, dims })
    return name
  }
}
