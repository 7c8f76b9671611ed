// The power of two tensors becomes exp(y log x) where x is positive whatever is fed to the model. Of an x that may be zero or less the power has other
// rules, and log x no value.

import { floatAttribute } from '../../attribute.js'
import type { GraphIndex } from '../../graph.js'
import { floatValues } from '../../tensor.js'
import { floatConstant } from '../linear.js'
import { lowering } from '../lowering.js'

export const lowerPow = lowering('powers of two tensors made exponentials', ['Pow'], (writer, node) => {
  const [base, exponent] = node.input as [string, string]
  const areTensors = !writer.isConstant(base) && !writer.isConstant(exponent) && writer.isFloat(exponent)
  if (!areTensors || leastValue(base, writer.index) <= 0) return undefined
  return writer.add('Exp', [writer.add('Mul', [exponent, writer.add('Log', [base])])])
})

const positive: ReadonlySet<string> = new Set(['Exp', 'Sigmoid', 'Softplus'])
const notNegative: ReadonlySet<string> = new Set(['Abs', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'Relu', 'Sqrt'])
const moving: ReadonlySet<string> = new Set([
  ...['Expand', 'Flatten', 'GlobalAveragePool', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'],
])

/** What a tensor's values are never below, as far as the operators before it tell. */
function leastValue(name: string, index: GraphIndex): number {
  const constant = floatConstant(name, index)
  if (constant !== undefined) return floatValues(constant).reduce((least, value) => Math.min(least, value), Infinity)
  const node = index.producer(name)
  if (node === undefined) return -Infinity
  const ofInputs = () => node.input.map((one) => leastValue(one, index))
  if (moving.has(node.opType)) return ofInputs()[0]!
  if (positive.has(node.opType)) return Number.MIN_VALUE
  if (notNegative.has(node.opType)) return 0
  switch (node.opType) {
    case 'Add':
      return ofInputs().reduce((sum, least) => sum + least)
    case 'Max':
      return Math.max(...ofInputs())
    case 'Clip': {
      const bound = node.input[1] ?? ''
      const attribute = floatAttribute(node, 'min', -Infinity)
      return bound === '' ? attribute : leastValue(bound, index)
    }
    default:
      return -Infinity
  }
}
