// Nodes and constants being written, under names that nothing has yet: of a step of a Scan, or around it.

import { makeAttribute } from '../../attribute.js'
import { makeNode } from '../../node.js'
import { makeTensor } from '../../tensor.js'
import { type AttributeProto, DataType, type NodeProto, type TensorProto } from '../../types.js'

export class Steps {
  readonly nodes: NodeProto[] = []
  readonly tensors: TensorProto[] = []
  readonly opset: number
  readonly #prefix: string
  readonly #unique: (wish: string) => string
  readonly #suffix: string

  /** @param suffix of tensors' names; nodes are named without it */
  constructor(prefix: string, opset: number, unique: (wish: string) => string, suffix = '') {
    this.#prefix = prefix
    this.opset = opset
    this.#unique = unique
    this.#suffix = suffix
  }

  name(wish: string): string {
    return this.#unique(`${this.#prefix}_${wish}${this.#suffix}`)
  }

  /** Adds a node, named after what it writes, and returns its output: a new tensor, or `output`. */
  add(
    opType: string,
    wish: string,
    inputs: readonly string[],
    attributes: readonly AttributeProto[] = [],
    output = this.name(wish),
  ): string {
    this.nodes.push(makeNode(opType, inputs, [output], attributes, `${this.#prefix}_${wish}`))
    return output
  }

  scalar(value: number): string {
    return this.constant('constant', [], Float32Array.of(value))
  }

  constant(wish: string, dims: readonly number[], data: Float32Array): string {
    return this.#tensor(makeTensor(this.name(wish), DataType.FLOAT, dims, data))
  }

  integers(wish: string, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#tensor(makeTensor(this.name(wish), DataType.INT64, dims, BigInt64Array.from(values.map(BigInt))))
  }

  #tensor(tensor: TensorProto): string {
    this.tensors.push(tensor)
    return tensor.name
  }

  clip(wish: string, x: string, bound: number): string {
    const bounds = [-bound, bound] as const
    if (this.opset >= 11) return this.add('Clip', wish, [x, ...bounds.map((one) => this.scalar(one))])
    const attributes = [makeAttribute('min', { float: bounds[0] }), makeAttribute('max', { float: bounds[1] })]
    return this.add('Clip', wish, [x], attributes)
  }

  /** Equal or given parts of the last axis. */
  split(x: string, sizes: readonly number[], wishes: readonly string[]): string[] {
    const outputs = wishes.map((wish) => this.name(wish))
    const axis = makeAttribute('axis', -1)
    const [input, attributes] =
      this.opset >= 13 ? [[x, this.integers('sizes', sizes)], [axis]] : [[x], [axis, makeAttribute('split', sizes)]]
    this.nodes.push(makeNode('Split', input, outputs, attributes, `${this.#prefix}_${wishes.join('_')}`))
    return outputs
  }

  unsqueeze(wish: string, x: string, axis: number, output?: string): string {
    return this.opset >= 13
      ? this.add('Unsqueeze', wish, [x, this.integers('axes', [axis])], [], output)
      : this.add('Unsqueeze', wish, [x], [makeAttribute('axes', [axis])], output)
  }
}
