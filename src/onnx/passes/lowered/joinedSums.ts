// Sums of sums become one sum of several: the chip rounds its result once, and what lay between needs no integers of its own.
//
//     Add(Add(a, b), c)   becomes   Sum(a, b, c)

import type { GraphIndex } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import { originsOf } from '../../origins.js'
import type { NodeProto } from '../../types.js'
import { lowering } from '../lowering.js'

/** Since this opset Sum broadcasts as Add does. */
const BROADCASTS = 8

/** An addend of 8 bits times a multiplier of 16 has 23: the 32 bits in which the chip adds up hold 512 of them. */
const MOST_ADDENDS = 512

export const joinSums = lowering(
  'sums of sums made one',
  ['Add', 'Sum'],
  (writer, node) => {
    const addends = addendsOf(node, writer.index)
    return writer.opset >= BROADCASTS && addends.every((name) => writer.isFloat(name))
      ? writer.add('Sum', addends)
      : undefined
  },
  (node, index) => {
    const count = isOutermost(node, index) ? addendsOf(node, index).length : 0
    return count > node.input.length && count <= MOST_ADDENDS
  },
)

/** A sum of activations: one with a constant, or with what dims will make one, is arithmetic of an operator before or behind it. */
function isSum({ opType, domain, input }: NodeProto, index: GraphIndex): boolean {
  const isKind = (opType === 'Add' || opType === 'Sum') && isStandardDomain(domain)
  return isKind && input.every((name) => originsOf(name, index).size > 0)
}

/** Of a sum, and of the sums before it that it alone reads. */
function addendsOf(node: NodeProto, index: GraphIndex): readonly string[] {
  if (!isSum(node, index)) return node.input
  return node.input.flatMap((name) => {
    const before = index.producer(name)
    const isInner = before !== undefined && isSum(before, index) && isReadOnce(name, index)
    return isInner ? addendsOf(before, index) : [name]
  })
}

function isOutermost({ output }: NodeProto, index: GraphIndex): boolean {
  return !isReadOnce(output[0]!, index) || index.consumers(output[0]!).every((reader) => !isSum(reader, index))
}

function isReadOnce(name: string, index: GraphIndex): boolean {
  const [reader, ...others] = index.consumers(name)
  const isOnce = others.length === 0 && reader?.input.filter((one) => one === name).length === 1
  return isOnce && !index.isGraphOutput(name)
}
