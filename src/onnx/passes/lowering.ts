// A pass that writes one kind of node as others, node by node.

import { makeAttribute } from '../attribute.js'
import { type GraphIndex, indexGraph } from '../graph.js'
import { opsetOf } from '../model.js'
import { makeNode } from '../node.js'
import { CONTRIB_DOMAIN, isStandardDomain } from '../operators.js'
import { makeTensor } from '../tensor.js'
import {
  type AttributeProto,
  DataType,
  type ModelProto,
  type NodeProto,
  type TensorData,
  type TensorProto,
} from '../types.js'
import { type Facts, factsOf } from './facts.js'
import { expandNodes, type Pass, type Room } from './pass.js'

/** What is known of the graph around a node. */
interface Surroundings extends Room {
  readonly facts: Facts
  readonly opset: number
}

type Lower = (writer: NodeWriter, node: NodeProto) => string | undefined

/**
 * @param lower adds nodes to the writer and gives the name of what stands for the node's first output; undefined where the node has no other form:
 * then nothing of what it added is kept
 * @param concerns rules nodes out before anything is inferred, which takes time
 */
export function lowering(
  title: string,
  opTypes: readonly string[],
  lower: Lower,
  concerns: (node: NodeProto, index: GraphIndex) => boolean = () => true,
): Pass {
  return loweringOf(title, lower, (node, index) => {
    return opTypes.includes(node.opType) && isStandardDomain(node.domain) && concerns(node, index)
  })
}

/** Of operators that are ONNX Runtime's own. */
export function contribLowering(title: string, opTypes: readonly string[], lower: Lower): Pass {
  return loweringOf(title, lower, ({ opType, domain }) => opTypes.includes(opType) && domain === CONTRIB_DOMAIN)
}

function loweringOf(title: string, lower: Lower, isKind: (node: NodeProto, index: GraphIndex) => boolean): Pass {
  return {
    title,
    async apply(proto: ModelProto) {
      const { graph } = proto
      const index = indexGraph(graph)
      const isOne = (node: NodeProto) => isKind(node, index)
      if (!graph.node.some(isOne)) return { proto, count: 0 }
      const [facts, opset] = [await factsOf(proto), opsetOf(proto)]
      return expandNodes(proto, (one, room) => {
        if (!isOne(one)) return undefined
        const writer = new NodeWriter(one, { ...room, facts, opset })
        const result = lower(writer, one)
        return result === undefined ? undefined : { nodes: writer.ending(result), tensors: writer.tensors }
      })
    },
  }
}

/** Writes nodes that stand for one, and are named after it. */
export class NodeWriter {
  readonly tensors: TensorProto[] = []
  readonly index: GraphIndex
  readonly opset: number
  readonly #nodes: NodeProto[] = []
  readonly #node: NodeProto
  readonly #facts: Facts
  readonly #unique: (wish: string) => string

  constructor(node: NodeProto, { facts, index, opset, unique }: Surroundings) {
    this.#node = node
    this.#facts = facts
    this.index = index
    this.opset = opset
    this.#unique = unique
  }

  /** The dims of a tensor of the graph around, as a Reshape takes them: the first one is -1 where it is open, a batch. Undefined where another is. */
  dims(name: string): readonly number[] | undefined {
    const dims = this.#facts.get(name)?.dims.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? -1 : dim))
    return dims?.every((dim) => typeof dim === 'number') ? dims : undefined
  }

  /** Dim by dim, a string where it is not known; undefined for a tensor that nothing is known of. */
  openDims(name: string): readonly (number | string)[] | undefined {
    return this.#facts.get(name)?.dims
  }

  isFloat(name: string | undefined): name is string {
    return name !== undefined && this.#facts.get(name)?.dataType === DataType.FLOAT
  }

  isConstant(name: string): boolean {
    return this.index.initializer(name) !== undefined
  }

  /** Whether an output of the node is there and somebody wants it. */
  isUsed(name: string): boolean {
    return name !== '' && (this.index.consumers(name).length > 0 || this.index.isGraphOutput(name))
  }

  /** Adds a node; the name of its output. */
  add(opType: string, inputs: readonly string[], attributes: readonly AttributeProto[] = []): string {
    const { name, output } = this.#node
    const result = this.#unique(`${output[0]}_${opType}`)
    this.#nodes.push(makeNode(opType, inputs, [result], attributes, `${name}_${opType}_${this.#nodes.length}`))
    return result
  }

  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.#constant('integers', DataType.INT64, dims, BigInt64Array.from(values, BigInt))
  }

  floats(dims: readonly number[], values: Float32Array): string {
    return this.#constant('constant', DataType.FLOAT, dims, values)
  }

  booleans(dims: readonly number[], values: readonly boolean[]): string {
    return this.#constant('condition', DataType.BOOL, dims, Uint8Array.from(values, Number))
  }

  transpose(x: string, perm: readonly number[]): string {
    return perm.every((axis, i) => axis === i) ? x : this.add('Transpose', [x], [makeAttribute('perm', perm)])
  }

  reshape(x: string, dims: readonly number[]): string {
    return this.add('Reshape', [x, this.integers(dims)])
  }

  unsqueeze(x: string, axes: readonly number[]): string {
    return this.opset >= 13
      ? this.add('Unsqueeze', [x, this.integers(axes)])
      : this.add('Unsqueeze', [x], [makeAttribute('axes', axes)])
  }

  /** With zeros around. */
  pad(x: string, pads: readonly number[]): string {
    return this.opset >= 11
      ? this.add('Pad', [x, this.integers(pads)])
      : this.add('Pad', [x], [makeAttribute('pads', pads)])
  }

  gather(x: string, places: readonly number[], dims: readonly number[], axis: number): string {
    return this.add('Gather', [x, this.integers(places, dims)], [makeAttribute('axis', axis)])
  }

  /** Sums, maxima... over axes, which are an attribute or, since an opset that depends on the operator, an input. */
  reduce(opType: string, x: string, axes: readonly number[], keepDims: boolean): string {
    const kept = makeAttribute('keepdims', keepDims ? 1 : 0)
    const asInput = this.opset >= (opType === 'ReduceSum' ? 13 : 18)
    return asInput
      ? this.add(opType, [x, this.integers(axes)], [kept])
      : this.add(opType, [x], [kept, makeAttribute('axes', axes)])
  }

  /** Another output of the source's node is this tensor; '' for one that the node does not have. */
  also(output: string, x: string): void {
    if (output !== '') this.#nodes.push(makeNode('Identity', [x], [output], [], `${this.#node.name}_${output}`))
  }

  /** The nodes, of which the last one writes what the source's node wrote. */
  ending(result: string): readonly NodeProto[] {
    const last = this.#nodes.at(-1)
    const [output] = this.#node.output as [string]
    if (last?.output[0] !== result)
      return [...this.#nodes, makeNode('Identity', [result], [output], [], this.#node.name)]
    return [...this.#nodes.slice(0, -1), { ...last, output: [output] }]
  }

  #constant(wish: string, type: number, dims: readonly number[], data: TensorData): string {
    const tensor = makeTensor(this.#unique(`${this.#node.output[0]}_${wish}`), type, dims, data)
    this.tensors.push(tensor)
    return tensor.name
  }
}
