// Products with a constant right side: Gemm and MatMul, with the bias added to them.

import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import { transposed } from '../../onnx/elements/transposed.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { weightFacts } from '../accumulation/facts.js'
import type { PlannedAccumulation, Weights } from '../accumulation/types.js'
import { followingClamp } from '../clamp.js'
import type { Match, Products, Refusal } from '../types.js'

/** y = x W + b over the last axis of x. */
export interface PlannedLinear extends PlannedAccumulation {
  /** float32 [K, N], alpha applied; `transposed`: the data lie as [N, K], as a Gemm with transB has them. */
  readonly weights: Weights<Float32Array, readonly [number, number]> & { readonly transposed?: boolean }
}

export function linearOf(node: NodeProto, view: GraphView): Match<PlannedLinear> | Refusal | undefined {
  if (node.opType === 'Gemm') return gemm(node, view)
  return node.opType === 'MatMul' ? matmul(node, view) : undefined
}

function gemm(node: NodeProto, view: GraphView): Match<PlannedLinear> | Refusal | undefined {
  const [input, rightName, biasName = ''] = node.input
  if (!view.isActivation(input)) return undefined
  const right = view.constant(rightName)
  if (!right) return { refusal: 'its right side is computed, not constant' }
  if (intAttribute(node, 'transA', 0) === 1) return { refusal: 'it transposes its left side' }
  const alpha = floatAttribute(node, 'alpha', 1)
  const beta = floatAttribute(node, 'beta', 1)
  const transposed = intAttribute(node, 'transB', 0) === 1
  const [depth, columns] = (transposed ? [...right.dims].reverse() : right.dims) as [number, number]
  // A copy of the weights is worth avoiding: they may be most of a model.
  const data = alpha === 1 ? right.data : right.data.map((value) => alpha * value)
  const constant = biasName === '' ? undefined : view.constant(biasName)
  const bias = biasName === '' ? new Float32Array(columns) : constant && rowOf(constant, columns, beta)
  if (!bias) return { refusal: 'what it adds is not one constant a column' }
  return withClamp([node], input, { dims: [depth, columns], data, ...(transposed && { transposed }) }, bias, view)
}

function matmul(node: NodeProto, view: GraphView): Match<PlannedLinear> | Refusal | undefined {
  const [input, rightName] = node.input
  if (view.isActivation(rightName)) return undefined
  const right = view.constant(rightName)
  if (!view.isActivation(input) || right?.dims.length !== 2)
    return { refusal: 'its right side is not a constant matrix' }
  if (view.dims(input).length < 2) return { refusal: 'its left side is a vector' }
  const dims = right.dims as readonly [number, number]
  const weights = { dims, data: right.data }
  const adding = view.soleReader(node.output[0]!)
  const bias = adding?.opType === 'Add' ? addedRow(adding, node.output[0]!, dims[1], view) : undefined
  if (adding && bias) return withClamp([node, adding], input, weights, bias, view)
  return withClamp([node], input, weights, new Float32Array(dims[1]), view)
}

function addedRow(node: NodeProto, product: string, columns: number, view: GraphView): Float32Array | undefined {
  const constant = view.constant(node.input.find((name) => name !== product))
  if (!constant || constant.dims.length > view.dims(product).length) return undefined
  return rowOf(constant, columns, 1)
}

/** factor * a constant that broadcasts along the last axis only, as a row. */
function rowOf({ dims, data }: FloatConstant, columns: number, factor: number): Float32Array | undefined {
  const along = dims.every((size, axis) => size === 1 || (axis === dims.length - 1 && size === columns))
  if (!along) return undefined
  return Float32Array.from({ length: columns }, (_, column) => factor * data[data.length === 1 ? 0 : column]!)
}

function withClamp(
  nodes: readonly NodeProto[],
  input: string,
  weights: PlannedLinear['weights'],
  bias: Float32Array,
  view: GraphView,
): Match<PlannedLinear> {
  const fused = followingClamp(nodes.at(-1)!.output[0]!, view)
  return {
    kind: 'matmul',
    nodes: [...nodes, ...fused.nodes],
    inputs: [input],
    outputs: [fused.output],
    weights,
    bias,
    clamp: fused.clamp,
  }
}

/** The weights of each column. */
export function rowsOf({ weights: { dims, data, transposed: byColumn } }: PlannedLinear): Float32Array[] {
  const [depth, columns] = dims
  const all = byColumn ? data : transposed(data, depth, columns, new Float32Array(data.length))
  return Array.from({ length: columns }, (_, column) => all.subarray(column * depth, (column + 1) * depth))
}

export function productsOf(linear: PlannedLinear): Products {
  const reading = { groups: 1, depth: linear.weights.dims[0], window: undefined }
  return { reading, rows: rowsOf(linear) }
}

/** The largest magnitude among the weights of each output channel. */
export function largestWeights(linear: PlannedLinear): number[] {
  return weightFacts(linear, () => rowsOf(linear)).map(({ largest }) => largest)
}
