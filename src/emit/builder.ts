// Collects the nodes and initializers of a graph being written. Names are unique and follow from the order of the calls alone.

import type { IntegerArray } from '../fixedpoint/width.js'
import { makeNode } from '../onnx/node.js'
import { makeTensor } from '../onnx/tensor.js'
import { type AttributeProto, DataType, type NodeProto, type TensorData, type TensorProto } from '../onnx/types.js'
import { renameTensors } from './renaming.js'

/** Floating-point constants of the emitted arithmetic. */
export type FloatType = 'float32' | 'float64'

const elementTypes = { float32: DataType.FLOAT, float64: DataType.DOUBLE } as const

export class GraphBuilder {
  readonly nodes: NodeProto[] = []
  readonly initializers: TensorProto[] = []
  readonly #tensorName: (wish: string) => string
  readonly #nodeNames = new Set<string>()
  readonly #constants = new Map<string, string>()

  /** @param tensorName gives names that no tensor of the graph has */
  constructor(tensorName: (wish: string) => string) {
    this.#tensorName = tensorName
  }

  /** A tensor name that nothing has yet. */
  name(wish: string): string {
    return this.#tensorName(wish)
  }

  /** Adds a node as it is, under a name of its own. */
  add(node: NodeProto): void {
    const wish = node.name || node.opType
    let name = wish
    for (let count = 1; this.#nodeNames.has(name); count++) name = `${wish}_${count}`
    this.#nodeNames.add(name)
    this.nodes.push({ ...node, name })
  }

  /** Renames a tensor. The search for its node goes back from the last node. */
  rename(from: string, to: string): void {
    const own = (name: string) => (name === from ? to : name)
    for (let at = this.nodes.length - 1; at >= 0; at--) {
      const node = this.nodes[at]!
      this.nodes[at] = renameTensors(node, own, own)
      if (node.output.includes(from)) return
    }
    throw new Error(`No node writes "${from}".`)
  }

  initializer(wish: string, dataType: number, dims: readonly number[], data: TensorData): string {
    const name = this.#tensorName(wish)
    this.initializers.push(makeTensor(name, dataType, dims, data))
    return name
  }

  /** A scalar, shared by all who ask for the same. */
  scalar(type: FloatType, value: number): string {
    const data = type === 'float32' ? Float32Array.of(value) : Float64Array.of(value)
    return this.#shared(`${type}_${value}`, (name) => this.initializer(name, elementTypes[type], [], data))
  }

  /** A float32 tensor of one value, shared by all who ask for the same. */
  filled(dims: readonly number[], value: number): string {
    const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(value)
    return this.#shared(`float32_${value}_${dims.join('x')}`, (name) =>
      this.initializer(name, DataType.FLOAT, dims, data),
    )
  }

  /** The int8 zero point of symmetric quantization. */
  zeroPoint(): string {
    return this.#shared('zero_point', (name) => this.initializer(name, DataType.INT8, [], new Int8Array(1)))
  }

  /** The shape that makes a tensor one-dimensional. */
  flatShape(): string {
    return this.#shared('flat', (name) => this.initializer(name, DataType.INT64, [1], BigInt64Array.of(-1n)))
  }

  #shared(key: string, make: (wish: string) => string): string {
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = make(key)
    this.#constants.set(key, name)
    return name
  }

  /** Where one operator's nodes go: they are named after it. */
  operator(name: string): Emitter {
    return new Emitter(this, name)
  }
}

export class Emitter {
  readonly builder: GraphBuilder
  readonly operator: string

  constructor(builder: GraphBuilder, operator: string) {
    this.builder = builder
    this.operator = operator
  }

  /** Adds a node with one output, whose name is returned: `output` where it is given. */
  emit(opType: string, inputs: readonly string[], attributes: readonly AttributeProto[] = [], output?: string): string {
    const name = `${this.operator}/${opType}`
    const result = output ?? this.builder.name(name)
    this.builder.add(makeNode(opType, inputs, [result], attributes, name))
    return result
  }

  scalar(type: FloatType, value: number): string {
    return this.builder.scalar(type, value)
  }

  /** A constant for each channel, with these dims. */
  vector(wish: string, type: FloatType, dims: readonly number[], values: Iterable<number>): string {
    const data = type === 'float32' ? Float32Array.from(values) : Float64Array.from(values)
    return this.initializer(wish, elementTypes[type], dims, data)
  }

  /** Integers of 8 or 16 bits. */
  integers(wish: string, dims: readonly number[], data: IntegerArray): string {
    return this.initializer(wish, data instanceof Int8Array ? DataType.INT8 : DataType.INT16, dims, data)
  }

  initializer(wish: string, dataType: number, dims: readonly number[], data: TensorData): string {
    return this.builder.initializer(`${this.operator}/${wish}`, dataType, dims, data)
  }
}
