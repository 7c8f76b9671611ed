// An Einsum of two tensors becomes a MatMul between moves of values. Its labels are of four kinds: in both tensors and the result (batch), in both alone
// (summed), and in one of them and the result (rows, columns):
//
//     "bihd,bjhd->bhij"     A -> [batch, rows, summed]    B -> [batch, summed, columns]    A B -> the result's order
//
// Labels of one kind are merged by a Reshape where they are not just one, which needs known dims. An Einsum of one tensor is a Transpose,
// behind a ReduceSum where labels are summed.

import { makeAttribute, stringAttribute } from '../attribute.js'
import { nameSource } from '../graph.js'
import { opsetOf } from '../model.js'
import { makeNode } from '../node.js'
import { isStandardDomain } from '../operators.js'
import { makeTensor } from '../tensor.js'
import { type AttributeProto, DataType, type ModelProto, type NodeProto, type TensorProto } from '../types.js'
import { type Facts, factsOf } from './facts.js'
import { changed, type Pass } from './pass.js'

export const lowerEinsum: Pass = {
  title: 'Einsum nodes made products and moves of values',
  async apply(proto: ModelProto) {
    const { graph } = proto
    const found = new Map(graph.node.flatMap((node) => equationOf(node) ?? []))
    if (found.size === 0) return { proto, count: 0 }
    const facts = await factsOf(proto)
    const unique = nameSource(graph)
    const initializer: TensorProto[] = [...graph.initializer]
    let count = 0
    const node = graph.node.flatMap((one) => {
      const equation = found.get(one)
      const writer = equation && new Writer(one, unique, facts, opsetOf(proto))
      if (equation === undefined || writer === undefined || !writer.write(equation)) return [one]
      count++
      initializer.push(...writer.tensors)
      return writer.nodes
    })
    return changed(proto, { node, initializer }, count)
  },
}

interface Equation {
  readonly operands: readonly (readonly string[])[]
  readonly result: readonly string[]
}

/** Of one tensor or two, without diagonals and broadcasting. */
function equationOf(node: NodeProto): [NodeProto, Equation][] | undefined {
  if (node.opType !== 'Einsum' || !isStandardDomain(node.domain)) return undefined
  const [left = '', right] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->')
  const operands = left.split(',').map((labels) => [...labels])
  const isPlain = [...operands, [...(right ?? '')]].every(
    (labels) => new Set(labels).size === labels.length && labels.every((label) => /[A-Za-z]/.test(label)),
  )
  if (!isPlain || operands.length !== node.input.length || operands.length > 2) return undefined
  const all = operands.flat()
  // Without an arrow the result has the labels that appear once, in alphabetical order.
  const implied = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort()
  return [[node, { operands, result: right === undefined ? implied : [...right] }]]
}

class Writer {
  readonly nodes: NodeProto[] = []
  readonly tensors: TensorProto[] = []
  readonly #node: NodeProto
  readonly #unique: (wish: string) => string
  readonly #facts: Facts
  readonly #opset: number

  constructor(node: NodeProto, unique: (wish: string) => string, facts: Facts, opset: number) {
    this.#node = node
    this.#unique = unique
    this.#facts = facts
    this.#opset = opset
  }

  /** Whether there is a form. */
  write({ operands, result }: Equation): boolean {
    const [first, second] = operands as [readonly string[], (readonly string[])?]
    const done = second === undefined ? this.#one(first, result) : this.#two(first, second, result)
    if (done === undefined) return false
    // The last node writes the result; where nothing was to be done, one that passes it on does.
    const last = this.nodes.at(-1)
    const [output] = this.#node.output as [string]
    if (last === undefined) this.nodes.push(makeNode('Identity', [done], [output], [], this.#node.name))
    else this.nodes[this.nodes.length - 1] = { ...last, output: [output] }
    return true
  }

  #one(labels: readonly string[], result: readonly string[]): string | undefined {
    const summed = labels.flatMap((label, axis) => (result.includes(label) ? [] : [axis]))
    const kept = labels.filter((label) => result.includes(label))
    if (kept.length !== result.length) return undefined
    const [x] = this.#node.input as [string]
    if (summed.length === 0) return this.#transpose(x, kept, result)
    const keeps = makeAttribute('keepdims', 0)
    const sum =
      this.#opset >= 13
        ? this.#add('ReduceSum', [x, this.#integers(summed)], [keeps])
        : this.#add('ReduceSum', [x], [keeps, makeAttribute('axes', summed)])
    return this.#transpose(sum, kept, result)
  }

  #two(a: readonly string[], b: readonly string[], result: readonly string[]): string | undefined {
    const sizes = this.#sizes([a, b])
    const batch = result.filter((label) => a.includes(label) && b.includes(label))
    const summed = a.filter((label) => b.includes(label) && !result.includes(label))
    const rows = result.filter((label) => a.includes(label) && !b.includes(label))
    const columns = result.filter((label) => b.includes(label) && !a.includes(label))
    // A label of one tensor alone that is summed, or of none.
    const known = [...batch, ...summed, ...rows, ...columns]
    if (new Set([...a, ...b, ...result]).size !== known.length) return undefined
    const merges = [summed, rows, columns].some((labels) => labels.length !== 1)
    if (merges && !known.every((label) => sizes.has(label))) return undefined
    const dims = (labels: readonly string[]) => labels.map((label) => sizes.get(label)!)
    const size = (labels: readonly string[]) => dims(labels).reduce((product, dim) => product * dim, 1)
    const side = (x: string, labels: readonly string[], kinds: readonly (readonly string[])[]) => {
      const moved = this.#transpose(x, labels, [...batch, ...kinds.flat()])
      return merges ? this.#reshape(moved, [...dims(batch), ...kinds.map(size)]) : moved
    }
    const [x, y] = this.#node.input as [string, string]
    const product = this.#add('MatMul', [side(x, a, [rows, summed]), side(y, b, [summed, columns])])
    const order = [...batch, ...rows, ...columns]
    return this.#transpose(merges ? this.#reshape(product, dims(order)) : product, order, result)
  }

  /** Label -> size, where it is known. */
  #sizes(operands: readonly (readonly string[])[]): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>()
    for (const [i, labels] of operands.entries()) {
      const dims = this.#facts.get(this.#node.input[i]!)?.dims ?? []
      for (const [axis, label] of labels.entries()) {
        const dim = dims[axis]
        if (typeof dim === 'number') sizes.set(label, dim)
      }
    }
    return sizes
  }

  #transpose(x: string, from: readonly string[], to: readonly string[]): string {
    if (from.join() === to.join()) return x
    return this.#add(
      'Transpose',
      [x],
      [
        makeAttribute(
          'perm',
          to.map((label) => from.indexOf(label)),
        ),
      ],
    )
  }

  #reshape(x: string, dims: readonly number[]): string {
    return this.#add('Reshape', [x, this.#integers(dims)])
  }

  #integers(values: readonly number[]): string {
    const name = this.#unique(`${this.#node.output[0]}_integers`)
    this.tensors.push(makeTensor(name, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt)))
    return name
  }

  #add(opType: string, inputs: readonly string[], attributes: readonly AttributeProto[] = []): string {
    const output = this.#unique(`${this.#node.output[0]}_${opType}`)
    this.nodes.push(makeNode(opType, inputs, [output], attributes, `${this.#node.name}_${opType}_${this.nodes.length}`))
    return output
  }
}
