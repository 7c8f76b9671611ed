// What is added to values at given places is added up among zeros, and then to all of them at once.

import { stringAttribute } from '../../attribute.js'
import { isZeros } from '../../zeros.js'
import { lowering } from '../lowering.js'

export const lowerScatterSum = lowering(
  'scatters that add made sums',
  ['ScatterElements', 'ScatterND'],
  (writer, node) => {
    const [into, indices, values] = node.input as [string, string, string]
    if (!writer.isFloat(into)) return undefined
    const zeros = writer.add('Expand', [writer.floats([], Float32Array.of(0)), writer.add('Shape', [into])])
    return writer.add('Add', [into, writer.add(node.opType, [zeros, indices, values], node.attribute)])
  },
  (node, index) => stringAttribute(node, 'reduction', 'none') === 'add' && !isZeros(node.input[0]!, index),
)
