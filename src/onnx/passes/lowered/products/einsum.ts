// An Einsum of two tensors becomes a MatMul between moves of values. Its labels are of four kinds: in both tensors and the result (batch), in both alone
// (summed), and in one of them and the result (rows, columns):
//
//     "bihd,bjhd->bhij"     A -> [batch, rows, summed]    B -> [batch, summed, columns]    A B -> the result's order
//
// Labels of one kind are merged by a Reshape where they are not just one, which needs known dims. An Einsum of one tensor is a Transpose,
// behind a ReduceSum where labels are summed. Of several tensors the first two are multiplied first; a label that one of two tensors alone has, and not
// the result, is summed before:
//
//     "bnd,bde,bn->bne"     "bnd,bde->bne", then "bne,bn->bne"
//     "bid,bjdk->bij"       "bjdk->bjd", then "bid,bjd->bij"

import { makeAttribute, stringAttribute } from '../../../attribute.js'
import { elementCount } from '../../../tensor.js'
import type { NodeProto } from '../../../types.js'
import { lowering, type NodeWriter } from '../../lowering.js'

export const lowerEinsum = lowering('Einsum nodes made products and moves of values', ['Einsum'], (writer, node) => {
  const simpler = simplified(writer, node)
  if (simpler !== undefined) return simpler
  const equation = equationOf(writer, node)
  if (equation === undefined) return undefined
  const { operands, result } = equation
  const [first, second] = operands as [readonly string[], (readonly string[])?]
  return second === undefined ? ofOne(writer, node, first, result) : ofTwo(writer, node, [first, second], result)
})

/** Several Einsum nodes of fewer tensors or labels; undefined where the node is one that has another form. */
function simplified(writer: NodeWriter, node: NodeProto): string | undefined {
  const { input } = node
  const [left = '', result] = sidesOf(node)
  const texts = left.split(',')
  const isPlain = texts.every((text) => /^[A-Za-z]*$/.test(text) && new Set(text).size === text.length)
  if (result === undefined || texts.length < 2 || !isPlain) return undefined
  const einsum = (names: readonly string[], from: readonly string[], to: string) =>
    writer.add('Einsum', names, [makeAttribute('equation', `${from.join()}->${to}`)])
  const kept = (text: string, others: readonly string[]) =>
    [...new Set(text)].filter((label) => [...others, result].some((other) => other.includes(label))).join('')
  if (texts.length > 2) {
    const [a = '', b = '', ...others] = texts
    const product = kept(a + b, others)
    return einsum([einsum(input.slice(0, 2), [a, b], product), ...input.slice(2)], [product, ...others], result)
  }
  const summed = texts.map((text, i) => kept(text, [texts[1 - i]!]))
  if (summed.join() === left) return undefined
  const sums = summed.map((text, i) => (text === texts[i] ? input[i]! : einsum([input[i]!], [texts[i]!], text)))
  return einsum(sums, summed, result)
}

/** What stands left and right of the arrow. */
function sidesOf(node: NodeProto): string[] {
  return stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->')
}

interface Equation {
  readonly operands: readonly (readonly string[])[]
  readonly result: readonly string[]
}

/** Of one tensor or two, without diagonals. */
function equationOf(writer: NodeWriter, node: NodeProto): Equation | undefined {
  const [left = '', right] = sidesOf(node)
  const texts = left.split(',')
  if (texts.length !== node.input.length || texts.length > 2) return undefined
  const counts = texts.map((text, i) => unnamed(text, writer.openDims(node.input[i]!)?.length))
  if (!counts.every((count) => count !== undefined && count >= 0)) return undefined
  const operands = texts.map((text, i) => labelsOf(text, counts[i]!))
  const most = Math.max(...(counts as number[]))
  const all = operands.flat()
  // Without an arrow the result has the labels that appear once, in alphabetical order, behind those without a name.
  const once = all.filter((label) => /[A-Za-z]/.test(label) && all.indexOf(label) === all.lastIndexOf(label)).sort()
  const result = right === undefined ? [...labelsOf(ELLIPSIS, most), ...once] : labelsOf(right, most)
  const isPlain = [...operands, result].every((labels) => new Set(labels).size === labels.length)
  return isPlain ? { operands, result } : undefined
}

const ELLIPSIS = '...'

/** How many axes an ellipsis stands for; undefined where the rank is not known. */
function unnamed(text: string, rank: number | undefined): number | undefined {
  if (!text.includes(ELLIPSIS)) return 0
  return rank === undefined ? undefined : rank - (text.length - ELLIPSIS.length)
}

/** One label an axis. Those of an ellipsis count from the last one, as numpy broadcasts. */
function labelsOf(text: string, count: number): string[] {
  const [before = '', after = ''] = text.split(ELLIPSIS)
  const between = text.includes(ELLIPSIS) ? Array.from({ length: count }, (_, i) => `${ELLIPSIS}${count - i}`) : []
  return [...before, ...between, ...after]
}

type Labels = readonly string[]

function ofOne(writer: NodeWriter, { input }: NodeProto, labels: Labels, result: Labels): string | undefined {
  const summed = labels.flatMap((label, axis) => (result.includes(label) ? [] : [axis]))
  const kept = labels.filter((label) => result.includes(label))
  if (kept.length !== result.length) return undefined
  const [x] = input as [string]
  return moved(writer, summed.length === 0 ? x : writer.reduce('ReduceSum', x, summed, false), kept, result)
}

function ofTwo(
  writer: NodeWriter,
  { input }: NodeProto,
  [a, b]: readonly [Labels, Labels],
  result: Labels,
): string | undefined {
  const [x, y] = input as [string, string]
  const [own, other] = [new Map(sizesOf(writer, x, a)), new Map(sizesOf(writer, y, b))]
  if ([...own].some(([label, size]) => (other.get(label) ?? size) !== size)) return undefined
  const sizes = new Map([...own, ...other])
  const batch = result.filter((label) => a.includes(label) && b.includes(label))
  const summed = a.filter((label) => b.includes(label) && !result.includes(label))
  const rows = result.filter((label) => a.includes(label) && !b.includes(label))
  const columns = result.filter((label) => b.includes(label) && !a.includes(label))
  // A label of one tensor alone that is summed, or of none.
  const known = [...batch, ...summed, ...rows, ...columns]
  if (new Set([...a, ...b, ...result]).size !== known.length) return undefined
  const merges = [summed, rows, columns].some((labels) => labels.length !== 1)
  if (merges && !known.every((label) => sizes.has(label))) return undefined
  const dims = (labels: Labels) => labels.map((label) => sizes.get(label)!)
  const side = (name: string, labels: Labels, kinds: readonly Labels[]) => {
    const ordered = moved(writer, name, labels, [...batch, ...kinds.flat()])
    return merges
      ? writer.reshape(ordered, [...dims(batch), ...kinds.map((kind) => elementCount(dims(kind)))])
      : ordered
  }
  const product = writer.add('MatMul', [side(x, a, [rows, summed]), side(y, b, [summed, columns])])
  const order = [...batch, ...rows, ...columns]
  return moved(writer, merges ? writer.reshape(product, dims(order)) : product, order, result)
}

/** Label -> size, where it is known. */
function sizesOf(writer: NodeWriter, name: string, labels: Labels): (readonly [string, number])[] {
  const dims = writer.openDims(name) ?? []
  return labels.flatMap((label, axis) => {
    const dim = dims[axis]
    return typeof dim === 'number' ? [[label, dim] as const] : []
  })
}

function moved(writer: NodeWriter, x: string, from: Labels, to: Labels): string {
  return writer.transpose(
    x,
    to.map((label) => from.indexOf(label)),
  )
}
