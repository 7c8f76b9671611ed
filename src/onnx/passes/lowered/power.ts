// The power of two tensors becomes exp(y log x) where x is positive whatever is fed to the model. Of an x that may be zero or less the power has other
// rules, and log x no value.

import { own } from '../../../own.js'
import { floatAttribute } from '../../attribute.js'
import type { GraphIndex } from '../../graph.js'
import { floatValues } from '../../tensor.js'
import { floatConstant } from '../folding/linear.js'
import { lowering } from '../lowering.js'

export const lowerPow = lowering('powers of two tensors made exponentials', ['Pow'], (writer, node) => {
  const [base, exponent] = node.input as [string, string]
  const areTensors = !writer.isConstant(base) && !writer.isConstant(exponent) && writer.isFloat(exponent)
  if (!areTensors || !(leastValue(base, writer.index) >= LEAST_NORMAL)) return undefined
  return writer.add('Exp', [writer.add('Mul', [exponent, writer.add('Log', [base])])])
})

/** Of float32. A function that is positive on paper may give 0 where its value is smaller: the power of 0 and 0 is 1, and 0 log 0 no number. */
const LEAST_NORMAL = 2 ** -126

/** The Sigmoid of the runtime is off by up to 1.4e-7, and 0 for some inputs from -15.8 down: it is a quotient of polynomials. */
const SIGMOID_ERROR = 2 ** -20

const increasing: Readonly<Record<string, (x: number) => number>> = {
  Exp: Math.exp,
  Sigmoid: (x) => Math.max(0, 1 / (1 + Math.exp(-x)) - SIGMOID_ERROR),
  Softplus: (x) => Math.log1p(Math.exp(x)),
}
const notNegative: ReadonlySet<string> = new Set(['Abs', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'Relu', 'Sqrt'])
const moving: ReadonlySet<string> = new Set([
  ...['Expand', 'Flatten', 'GlobalAveragePool', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'],
])

/**
 * What a tensor's values are never below, as far as the operators before it tell.
 * @param known the tensors that were asked for already: a tensor may be read on many ways
 */
function leastValue(name: string, index: GraphIndex, known = new Map<string, number>()): number {
  const least = known.get(name) ?? findLeast(name, index, known)
  known.set(name, least)
  return least
}

function findLeast(name: string, index: GraphIndex, known: Map<string, number>): number {
  const constant = floatConstant(name, index)
  if (constant !== undefined) return floatValues(constant).reduce((least, value) => Math.min(least, value), Infinity)
  const node = index.producer(name)
  if (node === undefined) return -Infinity
  const ofInputs = () => node.input.map((one) => leastValue(one, index, known))
  if (moving.has(node.opType)) return ofInputs()[0]!
  if (notNegative.has(node.opType)) return 0
  const increase = own(increasing, node.opType)
  if (increase !== undefined) return increase(ofInputs()[0]!)
  switch (node.opType) {
    case 'Add':
      return ofInputs().reduce((sum, least) => sum + least)
    case 'Max':
      return Math.max(...ofInputs())
    case 'Clip': {
      const bound = node.input[1] ?? ''
      const attribute = floatAttribute(node, 'min', -Infinity)
      return bound === '' ? attribute : leastValue(bound, index, known)
    }
    default:
      return -Infinity
  }
}
