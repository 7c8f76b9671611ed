// A Gemm of activations, of a transposed left side, or with a C that is not one constant a column:
//
//     alpha A' B' + beta C      Transpose, MatMul, Mul, Add; where B is constant, a Gemm with alpha and transB inside

import { floatAttribute, intAttribute } from '../../../attribute.js'
import { floatValues, tensorDims } from '../../../tensor.js'
import type { NodeProto } from '../../../types.js'
import { floatConstant } from '../../folding/linear.js'
import { lowering, type NodeWriter } from '../../lowering.js'

export const lowerGemm = lowering('Gemm nodes given their plain form', ['Gemm'], (writer, node) => {
  const [left, right, added = ''] = node.input as [string, string, string?]
  const [isLeftFixed, isRightFixed] = [writer.isConstant(left), writer.isConstant(right)]
  if (!writer.isFloat(left) || !writer.isFloat(right) || (isLeftFixed && isRightFixed)) return undefined
  const isPlain = isRightFixed && intAttribute(node, 'transA', 0) === 0 && (added === '' || isRow(writer, added, node))
  return isPlain ? undefined : product(writer, node, left, right, added)
})

function product(writer: NodeWriter, node: NodeProto, left: string, right: string, added: string): string {
  const swapped = (name: string, attribute: string) =>
    intAttribute(node, attribute, 0) === 1 ? writer.transpose(name, [1, 0]) : name
  const a = swapped(left, 'transA')
  const alpha = floatAttribute(node, 'alpha', 1)
  if (!writer.isConstant(right)) {
    const sums = writer.add('MatMul', [a, swapped(right, 'transB')])
    return plus(writer, node, times(writer, sums, alpha), added)
  }
  const attributes = node.attribute.filter(({ name }) => name === 'transB' || name === 'alpha')
  if (added === '' || isRow(writer, added, node)) {
    const beta = node.attribute.filter(({ name }) => name === 'beta')
    return writer.add('Gemm', [a, right, ...(added === '' ? nothing(writer) : [added])], [...attributes, ...beta])
  }
  return plus(writer, node, writer.add('Gemm', [a, right, ...nothing(writer)], attributes), added)
}

/** A C of zero, which a Gemm must have up to opset 10. */
function nothing(writer: NodeWriter): string[] {
  return writer.opset >= 11 ? [] : [writer.floats([1], new Float32Array(1))]
}

function plus(writer: NodeWriter, node: NodeProto, sums: string, added: string): string {
  if (added === '') return sums
  const beta = floatAttribute(node, 'beta', 1)
  const constant = floatConstant(added, writer.index)
  if (constant === undefined) return writer.add('Add', [sums, times(writer, added, beta)])
  const values = floatValues(constant).map((value) => value * beta)
  return writer.add('Add', [sums, writer.floats(tensorDims(constant), values)])
}

function times(writer: NodeWriter, x: string, factor: number): string {
  return factor === 1 ? x : writer.add('Mul', [x, writer.floats([], Float32Array.of(factor))])
}

/** Whether C is a constant that broadcasts along the columns alone. B, a constant, has their number, whatever is known of the rows. */
function isRow(writer: NodeWriter, name: string, node: NodeProto): boolean {
  const [constant, right] = [name, node.input[1]!].map((one) => floatConstant(one, writer.index))
  const columns = right && tensorDims(right)[intAttribute(node, 'transB', 0) === 1 ? 0 : 1]
  const dims = constant && tensorDims(constant)
  return dims?.every((size, axis) => size === 1 || (axis === dims.length - 1 && size === columns)) ?? false
}
