// Bytes less 128, as the first thing that a model does with an input: the integers of a quantized input, so no work of the chip.

import type { GraphIndex } from './graph.js'
import { isStandardDomain } from './operators.js'
import { elementCount, floatValues, tensorDims } from './tensor.js'
import { DataType, type NodeProto } from './types.js'

/** Half of the values of a byte: what an unsigned byte is more than the signed one with the other first bit. */
export const HALF_RANGE = 128

/** The input that a node takes 128 from; undefined for every other node. */
export function entryOf({ opType, domain, input }: NodeProto, index: GraphIndex): string | undefined {
  const [name, subtrahend] = input as [string, string]
  if (opType !== 'Sub' || !isStandardDomain(domain) || !index.isGraphInput(name)) return undefined
  const constant = index.initializer(subtrahend)
  if (constant?.dataType !== DataType.FLOAT || elementCount(tensorDims(constant)) !== 1) return undefined
  return floatValues(constant)[0] === HALF_RANGE ? name : undefined
}
