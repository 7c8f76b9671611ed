// Writes the nodes and constants that stand for one operator.

import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { opsetOf } from '../../model.js'
import { makeNode } from '../../node.js'
import { makeTensor } from '../../tensor.js'
import { type AttributeProto, DataType, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'

/** Writes what stands for a node; false where this form of it has none, and then what was written is dropped. */
export type Lowering = (node: NodeProto, to: Writer) => boolean

export class Writer {
  readonly opset: number
  readonly tensors: TensorProto[] = []
  readonly #index: GraphIndex
  readonly #unique: (wish: string) => string
  #nodes: NodeProto[] = []
  #new: TensorProto[] = []
  #prefix = ''

  constructor(proto: ModelProto) {
    this.opset = opsetOf(proto)
    this.#index = indexGraph(proto.graph)
    this.#unique = nameSource(proto.graph)
  }

  collect(node: NodeProto, lowering: Lowering): NodeProto[] | undefined {
    this.#nodes = []
    this.#new = []
    this.#prefix = node.name || node.output[0] || node.opType
    if (!lowering(node, this)) return undefined
    this.tensors.push(...this.#new)
    return this.#nodes
  }

  /** Adds a node with one output, a new tensor where none is given, and returns the output. */
  add(opType: string, inputs: readonly string[], attributes: readonly AttributeProto[] = [], output?: string): string {
    const name = output ?? this.#unique(`${this.#prefix}/${opType}`)
    this.#nodes.push(makeNode(opType, inputs, [name], attributes, `${this.#prefix}/${opType}`))
    return name
  }

  scalar(value: number): string {
    return this.#constant(
      makeTensor(this.#unique(`${this.#prefix}/constant`), DataType.FLOAT, [], Float32Array.of(value)),
    )
  }

  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values.map(BigInt))
    return this.#constant(makeTensor(this.#unique(`${this.#prefix}/constant`), DataType.INT64, [values.length], data))
  }

  #constant(tensor: TensorProto): string {
    this.#new.push(tensor)
    return tensor.name
  }

  /** Whether an output is there and somebody wants it. */
  isUsed(name: string | undefined): boolean {
    return !!name && (this.#index.consumers(name).length > 0 || this.#index.isGraphOutput(name))
  }
}
