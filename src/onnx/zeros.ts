// Tensors of zeros alone: constants, and those whose dims are not known yet.

import type { GraphIndex } from './graph.js'
import { tensorData } from './tensor.js'

export function isZeros(name: string, index: GraphIndex): boolean {
  const constant = index.initializer(name)
  if (constant !== undefined) return tensorData(constant).every((value) => Number(value) === 0)
  const producer = index.producer(name)
  if (producer?.opType === 'Expand') return isZeros(producer.input[0]!, index)
  if (producer?.opType !== 'ConstantOfShape') return false
  const value = producer.attribute.find((one) => one.name === 'value')?.t
  return value === undefined || value === null || Number(tensorData(value)[0]) === 0
}
