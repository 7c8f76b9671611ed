// A layer normalization as TensorFlow's batch normalization writes it out, with the factor and the mean folded together:
//
//     r = g / sqrt(mean((x - m)^2) + e)    y = x r + (b - m r)    m = mean(x)
//
// g and b are constants; where there is no g, r is the inverse root, and where there is no b, y = x r - m r.

import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { keptAxes } from '../axes.js'
import { ONE, ZERO } from '../scaling/constants.js'
import { inverseRoot, squared, varianceFrom, type WrittenNormalization } from './written.js'

export function foldedNormalization(mean: NodeProto, view: GraphView): WrittenNormalization | undefined {
  const [x = ''] = mean.input
  const m = mean.output[0]!
  if (mean.opType !== 'ReduceMean') return undefined
  const difference = view.index
    .consumers(m)
    .find(({ opType, input }) => opType === 'Sub' && input[0] === x && input[1] === m)
  const square = difference && view.soleReader(difference.output[0]!)
  const variance = square && squared(square, view) ? varianceFrom(square, x, view) : undefined
  const root = variance && inverseRoot(variance.nodes.at(-1)!.output[0]!, view)
  if (!variance || !root || String(variance.axes) !== String(keptAxes(mean, view))) return undefined
  const inverse = timesFactor(root.at(-1)!.output[0]!, view)
  const ends = endsOf(x, m, inverse.name, view)
  if (!ends || view.index.isGraphOutput(m) || !onlyRead(m, [difference!, ends.nodes[1]!], view)) return undefined
  const nodes = [mean, difference!, ...variance.nodes, ...root, ...inverse.nodes, ...ends.nodes]
  return { ...variance, nodes, centered: true, scaling: { factor: inverse.factor, offset: ends.offset } }
}

/** r: the inverse root times g. */
function timesFactor(root: string, view: GraphView) {
  const product = view.soleReader(root)
  const factor = product?.opType === 'Mul' ? view.constant(product.input.find((name) => name !== root)) : undefined
  return factor && product
    ? { name: product.output[0]!, factor, nodes: [product] }
    : { name: root, factor: ONE, nodes: [] }
}

/** x r, m r, b - m r and the sum; or x r - m r. */
function endsOf(x: string, m: string, r: string, view: GraphView) {
  const product = (of: string) =>
    view.index.consumers(r).find(({ opType, input }) => opType === 'Mul' && input.includes(of) && input.includes(r))
  const [scaled, shift] = [product(x), product(m)]
  if (!scaled || !shift || view.index.isGraphOutput(r) || !onlyRead(r, [scaled, shift], view)) return undefined
  const next = view.soleReader(shift.output[0]!)
  const last = view.soleReader(scaled.output[0]!)
  const isPlain = last?.opType === 'Sub' && last.input[0] === scaled.output[0] && last === next
  if (isPlain) return { nodes: [scaled, shift, last], offset: ZERO }
  const offset: FloatConstant | undefined =
    next?.opType === 'Sub' && next.input[1] === shift.output[0] ? view.constant(next.input[0]) : undefined
  const adds = last?.opType === 'Add' && next && last === view.soleReader(next.output[0]!)
  return offset && adds ? { nodes: [scaled, shift, next, last], offset } : undefined
}

function onlyRead(name: string, readers: readonly NodeProto[], view: GraphView): boolean {
  return view.index.consumers(name).every((reader) => readers.includes(reader))
}
