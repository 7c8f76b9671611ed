// Transposes move behind what computes the same in any order of axes, where they meet others that undo them. Frameworks that hold channels last export
// every convolution between two Transposes, with what follows it, a BatchNormalization written out for one, between two convolutions:
//
//     Conv -> Transpose -> Mul, Add -> Relu -> Transpose back -> Conv      becomes      Conv -> Mul, Add -> Relu -> Conv
//
// Operators that hang together move where that leaves fewer Transposes.

import { intsAttribute, makeAttribute } from '../../attribute.js'
import { type GraphIndex, indexGraph, nameSource, sortTopologically } from '../../graph.js'
import { withUniqueNames } from '../../names/nodeNames.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import type { ModelProto, NodeProto, TensorProto } from '../../types.js'
import type { Pass, PassResult } from '../pass.js'
import { type Order, type Reordered, reordered } from './reordered.js'

export const moveTransposes: Pass = {
  title: 'operators between Transposes that undo each other put in one order of axes',
  apply(proto: ModelProto) {
    const orders = new Map(proto.graph.node.filter(isTranspose).map((node) => [String(orderOf(node)), orderOf(node)]))
    let result: PassResult = { proto, count: 0 }
    for (const order of orders.values()) {
      const next = moveBehind(result.proto, order)
      result = { proto: next.proto, count: result.count + next.count }
    }
    return result
  },
}

function isTranspose({ opType, domain, attribute }: NodeProto): boolean {
  return opType === 'Transpose' && isStandardDomain(domain) && attribute.length > 0
}

function orderOf(node: NodeProto): Order {
  return intsAttribute(node, 'perm', [])
}

/** One part after another, as each changes what is left to move: every change leaves fewer Transposes. */
function moveBehind(proto: ModelProto, order: Order): PassResult {
  let result: PassResult = { proto, count: 0 }
  for (;;) {
    const { graph } = result.proto
    const region = new Region(sortTopologically(graph.node), indexGraph(graph), order, nameSource(graph))
    const written = region.moved()
    if (written === undefined) return result
    const node = graph.node.flatMap((one) => written.nodes.get(one) ?? [one])
    const initializer = [...graph.initializer, ...written.tensors]
    // Dims that the file declares of them are in the old order.
    const names = new Set([...written.nodes.values()].flat().flatMap(({ output }) => output))
    const valueInfo = graph.valueInfo.filter(({ name }) => !names.has(name))
    const moved = withUniqueNames({ ...graph, node, initializer, valueInfo }).graph
    result = { proto: { ...result.proto, graph: moved }, count: result.count + 1 }
  }
}

interface Written {
  /** What stands for a node. */
  readonly nodes: ReadonlyMap<NodeProto, readonly NodeProto[]>
  readonly tensors: readonly TensorProto[]
}

/** Tensors behind Transposes that hang together, and the nodes that read or write them and could do so in the order before. */
interface Part {
  readonly tensors: ReadonlySet<string>
  readonly nodes: ReadonlySet<NodeProto>
}

/** All that one order of axes reaches in a graph. */
class Region {
  readonly #index: GraphIndex
  readonly #order: Order
  readonly #inverse: string
  readonly #unique: (wish: string) => string
  readonly #nodes = new Map<NodeProto, Reordered>()
  /** A tensor behind a Transpose -> what it is before. */
  readonly #before = new Map<string, string>()

  constructor(nodes: readonly NodeProto[], index: GraphIndex, order: Order, unique: (wish: string) => string) {
    this.#index = index
    this.#order = order
    this.#inverse = String(order.map((_, axis) => order.indexOf(axis)))
    this.#unique = unique
    const isAtHand = (name: string) => this.#before.has(name)
    for (const node of nodes) {
      if (isTranspose(node)) {
        const isUndone = this.#undoes(node) && isAtHand(node.input[0]!)
        if (String(orderOf(node)) === String(order) && !isUndone) this.#before.set(node.output[0]!, node.input[0]!)
        continue
      }
      const other = reordered(node, order, { index, isAtHand, unique })
      if (other === undefined) continue
      this.#nodes.set(node, other)
      if (other.hasOrder) for (const name of node.output) this.#before.set(name, unique(`${name}_ordered`))
    }
  }

  /** What stands for the first part that loses Transposes. */
  moved(): Written | undefined {
    const part = this.#parts().find((one) => this.#gain(one) > 0)
    if (part === undefined) return undefined
    const nodes = new Map<NodeProto, readonly NodeProto[]>()
    for (const name of part.tensors) {
      const producer = this.#index.producer(name)!
      if (!part.nodes.has(producer) && !this.#isWanted(name, part)) nodes.set(producer, [])
      const before = this.#before.get(name)!
      for (const one of this.#undoing(name)) nodes.set(one, [makeNode('Identity', [before], one.output, [], one.name)])
    }
    for (const node of part.nodes) nodes.set(node, this.#written(node, part))
    return { nodes, tensors: [...part.nodes].flatMap((node) => this.#nodes.get(node)!.tensors) }
  }

  #parts(): readonly Part[] {
    const seen = new Set<string>()
    return [...this.#before.keys()].flatMap((first) => {
      if (seen.has(first)) return []
      const tensors = new Set([first])
      const nodes = new Set<NodeProto>()
      for (const name of tensors) {
        seen.add(name)
        for (const node of [this.#index.producer(name)!, ...this.#index.consumers(name)]) {
          if (!this.#nodes.has(node)) continue
          nodes.add(node)
          for (const other of [...node.input, ...node.output]) if (this.#before.has(other)) tensors.add(other)
        }
      }
      return [{ tensors, nodes }]
    })
  }

  /** How many Transposes fewer there would be. */
  #gain(part: Part): number {
    let gain = 0
    for (const name of part.tensors) {
      gain += this.#undoing(name).length
      const isMoved = part.nodes.has(this.#index.producer(name)!)
      const isWanted = this.#isWanted(name, part)
      if (isMoved && isWanted) gain--
      if (!isMoved && !isWanted) gain++
    }
    return gain
  }

  /** Transposes that undo the order of a tensor. */
  #undoing(name: string): readonly NodeProto[] {
    return this.#index.consumers(name).filter((node) => this.#undoes(node))
  }

  #undoes(node: NodeProto): boolean {
    return isTranspose(node) && String(orderOf(node)) === this.#inverse
  }

  /** Whether anybody else reads a tensor of a part, in the order that it has. */
  #isWanted(name: string, part: Part): boolean {
    const readers = this.#index.consumers(name)
    return this.#index.isGraphOutput(name) || readers.some((node) => !part.nodes.has(node) && !this.#undoes(node))
  }

  #written(node: NodeProto, part: Part): readonly NodeProto[] {
    const { node: other, more, hasOrder } = this.#nodes.get(node)!
    const input = other.input.map((name) => this.#before.get(name) ?? name)
    if (!hasOrder) return [{ ...other, input }, ...more]
    const output = other.output.map((name) => this.#before.get(name)!)
    const wanted = node.output.filter((name) => this.#isWanted(name, part))
    const behind = wanted.map((name) => {
      const perm = makeAttribute('perm', this.#order)
      return makeNode('Transpose', [this.#before.get(name)!], [name], [perm], this.#unique(`${name}_reordered`))
    })
    return [...more, { ...other, input, output }, ...behind]
  }
}
