// Normalizations that a model writes out as their formulas, as exporters before LayerNormalization (opset 17) do:
//
//     d = x - mean(x)    y = d / sqrt(mean(d^2) + e)              layer normalization; folded.ts has TensorFlow's form of it
//                        y = x / sqrt(mean(x^2) + e)              root mean square normalization
//                        y = x / max(|x|, e)                      division by the Euclidean norm
//
// What lies between x and y goes, so nothing else may read it.

import type { NodeProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import { keptAxes } from '../axes.js'
import type { Scaling } from '../scaling/plan.js'
import { lengthOver, type Rows } from './rows.js'

export interface WrittenNormalization extends Rows {
  readonly input: string
  /** In graph order; the last one writes y. */
  readonly nodes: readonly NodeProto[]
  /** Where the formula has them inside. */
  readonly scaling?: Scaling
}

/** The normalization that starts at a node. */
export function writtenNormalization(start: NodeProto, view: GraphView): WrittenNormalization | undefined {
  if (start.opType === 'ReduceMean') return layerNormalization(start, view)
  if (start.opType === 'ReduceL2') return euclideanNormalization(start, view)
  const input = squared(start, view)
  return input === undefined ? undefined : dividedByRoot(start, new Set([input]), input, view)
}

function layerNormalization(mean: NodeProto, view: GraphView): WrittenNormalization | undefined {
  const [input = ''] = mean.input
  const axes = keptAxes(mean, view)
  const differences = view.index.consumers(mean.output[0]!)
  const isDifference = (node: NodeProto) =>
    node.opType === 'Sub' && node.input[0] === input && node.input[1] === mean.output[0]
  if (axes === undefined || differences.length === 0 || !differences.every(isDifference)) return undefined
  const centered = new Set(differences.map(({ output }) => output[0]!))
  const readers = [...centered].flatMap((name) => view.index.consumers(name))
  const square = readers.find((node) => squared(node, view) !== undefined)
  const rest = square && dividedByRoot(square, centered, input, view)
  const inner = [mean.output[0]!, ...centered]
  if (!rest || String(rest.axes) !== String(axes) || inner.some((name) => view.index.isGraphOutput(name))) {
    return undefined
  }
  const within = new Set([square, rest.nodes.at(-1)])
  if (!readers.every((reader) => within.has(reader))) return undefined
  return { ...rest, nodes: [mean, ...differences, ...rest.nodes], centered: true }
}

/** From a square on: the mean or sum, epsilon, the root, and the division of one of the tensors `divided` by it. */
function dividedByRoot(
  square: NodeProto,
  divided: ReadonlySet<string>,
  input: string,
  view: GraphView,
): WrittenNormalization | undefined {
  const variance = varianceFrom(square, input, view)
  const division = variance && divisionByRoot(variance.nodes.at(-1)!.output[0]!, divided, view)
  return division && { ...variance, nodes: [...variance.nodes, ...division] }
}

/** From a square to what the root is taken of; the rows keep their mean. */
export function varianceFrom(square: NodeProto, input: string, view: GraphView): WrittenNormalization | undefined {
  const sum = view.soleReader(square.output[0]!)
  if (!sum || (sum.opType !== 'ReduceMean' && sum.opType !== 'ReduceSum')) return undefined
  const axes = keptAxes(sum, view)
  if (axes === undefined) return undefined
  const added = view.soleReader(sum.output[0]!)
  const constant = added?.opType === 'Add' ? scalarBeside(added, sum.output[0]!, view) : undefined
  const nodes = constant === undefined ? [square, sum] : [square, sum, added!]
  const length = lengthOver(axes, view.dims(input))
  const isSum = sum.opType === 'ReduceSum'
  const epsilon = (constant ?? 0) / (isSum ? length : 1)
  return { input, nodes, axes, length, epsilon, centered: false, unit: isSum ? 1 / Math.sqrt(length) : 1 }
}

/** Sqrt and Div; or what gives the inverse root, and Mul. */
function divisionByRoot(
  variance: string,
  divided: ReadonlySet<string>,
  view: GraphView,
): readonly NodeProto[] | undefined {
  const root = view.soleReader(variance)
  const next = root && view.soleReader(root.output[0]!)
  if (root?.opType === 'Sqrt' && next?.opType === 'Div') {
    return divided.has(next.input[0]!) && next.input[1] === root.output[0] ? [root, next] : undefined
  }
  const nodes = inverseRoot(variance, view)
  const inverse = nodes?.at(-1)?.output[0]
  const last = inverse === undefined ? undefined : view.soleReader(inverse)
  const others = last?.opType === 'Mul' ? last.input.filter((name) => name !== inverse) : []
  return nodes && others.length === 1 && divided.has(others[0]!) ? [...nodes, last!] : undefined
}

/** Sqrt and Reciprocal, or a power of -1/2. */
export function inverseRoot(variance: string, view: GraphView): readonly NodeProto[] | undefined {
  const root = view.soleReader(variance)
  if (root?.opType === 'Pow' && root.input[0] === variance && view.scalar(root.input[1]) === -0.5) return [root]
  const next = root?.opType === 'Sqrt' ? view.soleReader(root.output[0]!) : undefined
  return root && next?.opType === 'Reciprocal' ? [root, next] : undefined
}

/** The largest epsilon of a norm for which max(|x|, e) and sqrt(|x|^2 + e^2) are the same but for rows of next to nothing. */
const LARGEST_NORM_EPSILON = 1e-4

function euclideanNormalization(norm: NodeProto, view: GraphView): WrittenNormalization | undefined {
  const [input = ''] = norm.input
  const axes = keptAxes(norm, view)
  if (axes === undefined) return undefined
  const nodes = [norm]
  let [least, next] = [0, view.soleReader(norm.output[0]!)]
  const bound = next && lowerBound(next, norm.output[0]!, view)
  if (next && bound !== undefined) {
    least = bound
    nodes.push(next)
    next = view.soleReader(next.output[0]!)
  }
  if (next?.opType === 'Expand') {
    nodes.push(next)
    next = view.soleReader(next.output[0]!)
  }
  const divides = next?.opType === 'Div' && next.input[0] === input && next.input[1] === nodes.at(-1)!.output[0]
  if (!next || !divides || !(least >= 0 && least <= LARGEST_NORM_EPSILON)) return undefined
  const length = lengthOver(axes, view.dims(input))
  const rows = { axes, length, epsilon: least ** 2 / length, centered: false, unit: 1 / Math.sqrt(length) }
  return { input, nodes: [...nodes, next], ...rows }
}

/** The constant that a Clip, a Max or an Add keeps a norm away from zero with. */
function lowerBound(node: NodeProto, norm: string, view: GraphView): number | undefined {
  if (node.opType === 'Clip') return node.input[2] ? undefined : view.scalar(node.input[1])
  return node.opType === 'Max' || node.opType === 'Add' ? scalarBeside(node, norm, view) : undefined
}

/** x where a node computes its square. */
export function squared({ opType, input }: NodeProto, view: GraphView): string | undefined {
  const [left = '', right = ''] = input
  const isSquare = (opType === 'Mul' && left === right) || (opType === 'Pow' && view.scalar(right) === 2)
  return isSquare && view.isActivation(left) ? left : undefined
}

function scalarBeside({ input }: NodeProto, tensor: string, view: GraphView): number | undefined {
  return input.length === 2 ? view.scalar(input.find((name) => name !== tensor)) : undefined
}
