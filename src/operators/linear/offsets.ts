// A Gemm has a bias; a MatMul gets an Add where none follows.

import { makeNode } from '../../onnx/node.js'
import type { NodeProto } from '../../onnx/types.js'
import { accumulationOffsets, isPlain } from '../accumulation/offsets.js'
import { addClamps, type OffsetContext, type Offsets } from '../offsets.js'
import type { PlannedLinear } from './plan.js'

const { biases, reading, bias } = accumulationOffsets<PlannedLinear>(({ weights }) => weights.transposed === true)

export const linearOffsets: Offsets<PlannedLinear> = {
  ...{ biases, reading },
  knows: (operator) => isPlain(withoutAdd(operator), ['Gemm', 'MatMul']),
  write(operator, context) {
    const { nodes, clamps, added } = withoutAdd(operator)
    const [product] = nodes
    const own = bias(operator, context)
    if (product!.opType === 'MatMul') addBiased(product!, added, own, context)
    else {
      // The bias is whole: a Gemm's beta has been multiplied in.
      const attribute = product!.attribute.filter(({ name }) => name !== 'beta')
      context.add({ ...product!, input: [operator.inputs[0]!, product!.input[1]!, own], attribute })
    }
    addClamps(clamps, context.offset(operator.outputs[0]!), context)
  },
}

/** The operator without what is added to its MatMul. */
function withoutAdd(operator: PlannedLinear) {
  const [product, ...rest] = operator.nodes
  const added = product!.opType === 'MatMul' && rest[0]?.opType === 'Add' ? rest.shift() : undefined
  return { ...operator, nodes: [product!, ...rest], clamps: rest, added }
}

/** A product and what is added to it. */
function addBiased(product: NodeProto, added: NodeProto | undefined, bias: string, context: OffsetContext): void {
  if (added !== undefined) {
    context.add(product, { ...added, input: [product.output[0]!, bias] })
    return
  }
  const [output] = product.output as [string]
  const raw = context.like(output, `${output}_product`)
  const name = context.unique(`${product.name}_add`)
  context.add({ ...product, output: [raw] }, makeNode('Add', [raw, bias], [output], [], name))
}
