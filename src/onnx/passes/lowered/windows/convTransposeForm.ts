// A ConvTranspose seen as a Conv: the taps, pads and cuts of each spatial axis.

import { intAttribute, intsAttribute, stringAttribute } from '../../../attribute.js'
import type { GraphIndex } from '../../../graph.js'
import { floatValues, tensorDims } from '../../../tensor.js'
import type { NodeProto } from '../../../types.js'
import type { Facts } from '../../facts.js'
import { floatConstant } from '../../folding/linear.js'

/** One spatial axis. */
export interface Axis {
  readonly stride: number
  readonly dilation: number
  /** Of the source, without dilation. */
  readonly kernel: number
  /** Of the Conv. */
  readonly taps: number
  readonly pads: readonly [before: number, after: number]
  /** What is cut off the interleaved outputs. */
  readonly cut: readonly [before: number, after: number]
}

export interface Form {
  readonly node: NodeProto
  readonly axes: readonly Axis[]
  readonly group: number
  /** [C, M / group, kernel...] */
  readonly dims: readonly number[]
  readonly weights: Float32Array
  readonly bias: Float32Array | undefined
  /** What the Conv writes along each axis, where that is known. */
  readonly counts: readonly number[] | undefined
}

/** undefined where weights are computed, more is cut off than the kernel reaches, or dims are open that it depends on. */
export function formOf(node: NodeProto, index: GraphIndex, facts: Facts): Form | undefined {
  const weights = floatConstant(node.input[1], index)
  const bias = floatConstant(node.input[2], index)
  if (weights === undefined || (node.input[2] && !bias)) return undefined
  const dims = tensorDims(weights)
  const kernels = dims.slice(2)
  const space = knownDims(facts.get(node.input[0]!)?.dims.slice(2) ?? [], kernels.length)
  const ints = (name: string, fallback: number) =>
    intsAttribute(
      node,
      name,
      kernels.map(() => fallback),
    )
  const [strides, dilations, extras] = [ints('strides', 1), ints('dilations', 1), ints('output_padding', 0)]
  const spans = kernels.map((kernel, i): Span => {
    const [stride, dilation] = [strides[i]!, dilations[i]!]
    return { ...{ stride, dilation, kernel }, reach: dilation * (kernel - 1) + 1, extra: extras[i]! }
  })
  const pads = padsOf(node, spans, space)
  if (pads === undefined || spans.length === 0) return undefined
  const axes = spans.map((span, i) => axisOf(span, pads[i]!))
  if (axes.some(({ pads }) => Math.min(...pads) < 0)) return undefined
  const group = intAttribute(node, 'group', 1)
  const counts = space && axes.map(({ pads, taps }, i) => space[i]! + pads[0] + pads[1] - taps + 1)
  const isSpread = axes.some(({ stride }) => stride > 1)
  if (counts === undefined && isSpread && !isSquare(axes) && axes.length > 1) return undefined
  return { node, axes, group, dims, weights: floatValues(weights), bias: bias && floatValues(bias), counts }
}

function knownDims(dims: readonly (number | string)[], count: number): readonly number[] | undefined {
  const known = dims.filter((dim): dim is number => typeof dim === 'number')
  return known.length === count ? known : undefined
}

/** One spatial axis of the source. */
interface Span extends Pick<Axis, 'stride' | 'dilation' | 'kernel'> {
  /** From the first weight of the kernel to the last, both included. */
  readonly reach: number
  /** output_padding */
  readonly extra: number
}

type Pads = Axis['pads']

/** What is cut off before and after, axis by axis: given, or what leaves the given dims, or as many as inputs times the stride. */
function padsOf(
  node: NodeProto,
  spans: readonly Span[],
  space: readonly number[] | undefined,
): readonly Pads[] | undefined {
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET')
  const given = intsAttribute(node, 'output_shape', undefined)
  if (given === undefined && (automatic === 'NOTSET' || automatic === 'VALID')) {
    const pads = automatic === 'VALID' ? [] : intsAttribute(node, 'pads', [])
    return spans.map((_, i) => [pads[i] ?? 0, pads[i + spans.length] ?? 0])
  }
  if (space === undefined) return undefined
  // The dims may be given with those of batch and channels.
  const outputs = given?.slice(-spans.length) ?? space.map((size, i) => size * spans[i]!.stride)
  const totals = spans.map(({ stride, reach, extra }, i) => stride * (space[i]! - 1) + extra + reach - outputs[i]!)
  if (totals.some((total) => total < 0)) return undefined
  return totals.map((total): Pads => {
    const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)]
    return automatic === 'SAME_UPPER' ? [less, more] : [more, less]
  })
}

function axisOf({ stride, dilation, kernel, reach, extra }: Span, [before, after]: Pads): Axis {
  const taps = Math.ceil(reach / stride)
  const skipped = Math.floor(before / stride)
  const rest = reach - after + extra
  const last = Math.ceil(rest / stride)
  return {
    ...{ stride, dilation, kernel, taps },
    pads: [taps - 1 - skipped, last - 1],
    cut: [before - skipped * stride, last * stride - rest],
  }
}

/** What DepthToSpace does: two axes of one stride. */
export function isSquare(axes: readonly Axis[]): boolean {
  return axes.length === 2 && axes[0]!.stride === axes[1]!.stride
}
