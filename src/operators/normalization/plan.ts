// Normalizations of rows, then a factor and an offset: LayerNormalization over the last axes, InstanceNormalization over the spatial ones,
// GroupNormalization, MeanVarianceNormalization, RMSNormalization, LpNormalization, and what is written out as one of them.

import { floatAttribute, intAttribute, intsAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import { type Clamp, followingClamp } from '../clamp.js'
import { ONE, ZERO } from '../scaling/constants.js'
import { joinedScaling, type Scaling, scalingOf } from '../scaling/plan.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'
import { foldedNormalization } from './folded.js'
import { lengthOver, type Rows } from './rows.js'
import { writtenNormalization } from './written.js'

export interface PlannedNormalization extends PlannedOperator, Rows, Scaling {
  readonly clamp: Clamp | undefined
}

/** The rows that a node normalizes, and the factor and offset it has itself; a refusal with the reason. */
type Form = (node: NodeProto, view: GraphView) => (Rows & Scaling) | Refusal

/** In longer rows too little of each value is left for the variance. */
const LARGEST_LENGTH = 2 ** 20

const forms: Readonly<Record<string, Form>> = {
  LayerNormalization: (node, view) => withConstants(node, view, lastAxes(node, view), true),
  SimplifiedLayerNormalization: (node, view) => withConstants(node, view, lastAxes(node, view), false),
  RMSNormalization: (node, view) => withConstants(node, view, lastAxes(node, view), false),
  InstanceNormalization: instances,
  MeanVarianceNormalization: wholes,
  GroupNormalization: grouped,
  LpNormalization: euclidean,
}

export function normalizationOf(node: NodeProto, view: GraphView): Match<PlannedNormalization> | Refusal | undefined {
  const [input] = node.input
  if (!view.isActivation(input)) return undefined
  const form = forms[node.opType]?.(node, view)
  const written = form === undefined ? (writtenNormalization(node, view) ?? foldedNormalization(node, view)) : undefined
  const rows = form ?? (written && { ...written, factor: ONE, offset: ZERO, ...written.scaling })
  if (rows === undefined || 'refusal' in rows) return rows
  // A written-out one that the chip cannot do stays what it is made of.
  if (rows.length > LARGEST_LENGTH) {
    return form && { refusal: `its rows have ${rows.length} elements, more than ${LARGEST_LENGTH}` }
  }
  const nodes = written?.nodes ?? [node]
  const next = written && !written.scaling ? view.soleReader(nodes.at(-1)!.output[0]!) : undefined
  const scaled = next && followingScaling(next, nodes.at(-1)!.output[0]!, view)
  const whole = [...nodes, ...(scaled?.nodes ?? [])]
  const { clamp, nodes: clamps, output } = followingClamp(whole.at(-1)!.output[0]!, view)
  return {
    kind: 'normalization',
    nodes: [...whole, ...clamps],
    inputs: [input],
    outputs: [output],
    ...(rows.groups !== undefined && { groups: rows.groups }),
    ...{ axes: rows.axes, length: rows.length, epsilon: rows.epsilon, centered: rows.centered, unit: rows.unit },
    ...{ factor: scaled?.factor ?? rows.factor, offset: scaled?.offset ?? rows.offset },
    clamp,
  }
}

/** A factor and an offset behind what is written out, where they do not make it larger. */
function followingScaling(node: NodeProto, normalized: string, view: GraphView) {
  const scaling = scalingOf(node, normalized, view)
  const joined = scaling && joinedScaling(node, scaling, view)
  const keepsDims = joined?.nodes.every(({ output }) => String(view.dims(output[0]!)) === String(view.dims(normalized)))
  return keepsDims ? joined : undefined
}

/** `axis` and all after it. */
function lastAxes(node: NodeProto, view: GraphView): readonly number[] {
  const rank = view.dims(node.input[0]!).length
  const axis = intAttribute(node, 'axis', -1)
  const count = axis < 0 ? -axis : rank - axis
  return Array.from({ length: count }, (_, index) => index - count)
}

function withConstants(
  node: NodeProto,
  view: GraphView,
  axes: readonly number[],
  centered: boolean,
): (Rows & Scaling) | Refusal {
  const [input = '', factorName, offsetName = ''] = node.input
  const factor = view.constant(factorName)
  const offset = offsetName === '' ? ZERO : view.constant(offsetName)
  if (!factor || !offset) return { refusal: 'its factor or offset is computed, not constant' }
  if (node.output.slice(1).some((name) => isUsed(name, view))) return { refusal: 'its mean or deviation is used' }
  const epsilon = floatAttribute(node, 'epsilon', Math.fround(1e-5))
  return { axes, length: lengthOver(axes, view.dims(input)), epsilon, centered, unit: 1, factor, offset }
}

const isUsed = (name: string, { index }: GraphView) =>
  name !== '' && (index.consumers(name).length > 0 || index.isGraphOutput(name))

/** Without a factor or an offset, over the batch as well if nothing else is said. */
function wholes(node: NodeProto, view: GraphView): Rows & Scaling {
  const dims = view.dims(node.input[0]!)
  const axes = intsAttribute(node, 'axes', [0, 2, 3]).map((axis) => (axis < 0 ? axis : axis - dims.length))
  const rows = { axes, length: lengthOver(axes, dims), epsilon: 1e-9, centered: true, unit: 1 }
  return { ...rows, factor: ONE, offset: ZERO }
}

/** A factor and an offset a channel, aligned with axis 1. */
function instances(node: NodeProto, view: GraphView): (Rows & Scaling) | Refusal {
  const space = view.dims(node.input[0]!).slice(2)
  const axes = space.map((_, index) => index - space.length)
  const rows = withConstants(node, view, axes, true)
  if ('refusal' in rows) return rows
  const along = ({ data }: FloatConstant) => ({ dims: [data.length, ...space.map(() => 1)], data })
  return { ...rows, factor: along(rows.factor), offset: along(rows.offset) }
}

/** A factor and an offset a channel; before opset 21, a group. */
function grouped(node: NodeProto, view: GraphView): (Rows & Scaling) | Refusal {
  const [batch = 1, channels = 1, ...space] = view.dims(node.input[0]!)
  const rows = withConstants(node, view, [-1], true)
  if ('refusal' in rows) return rows
  const groups = intAttribute(node, 'num_groups', 1)
  const each = channels / groups
  const along = ({ data }: FloatConstant) => ({
    dims: [channels, ...space.map(() => 1)],
    data: Float32Array.from({ length: channels }, (_, c) => data[data.length === channels ? c : Math.floor(c / each)]!),
  })
  const length = view.dims(node.input[0]!).reduce((product, dim) => product * dim, 1) / (batch * groups)
  return { ...rows, groups, length, factor: along(rows.factor), offset: along(rows.offset) }
}

/** Division by the Euclidean norm. */
function euclidean(node: NodeProto, view: GraphView): (Rows & Scaling) | Refusal {
  if (intAttribute(node, 'p', 2) !== 2) return { refusal: 'it divides by a sum of magnitudes' }
  const dims = view.dims(node.input[0]!)
  const axis = intAttribute(node, 'axis', -1)
  const axes = [axis < 0 ? axis : axis - dims.length]
  const length = lengthOver(axes, dims)
  return { axes, length, epsilon: 0, centered: false, unit: 1 / Math.sqrt(length), factor: ONE, offset: ZERO }
}
