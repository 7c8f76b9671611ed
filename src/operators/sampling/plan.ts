// GridSample: values between those of an image or a volume, at places that are computed or constant.

import { intAttribute, stringAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { Match, PlannedOperator, Refusal } from '../types.js'

export interface SamplingGeometry {
  readonly batch: number
  readonly channels: number
  /** Of the input, without batch and channels. */
  readonly space: readonly number[]
  /** Of the output, without batch and channels. */
  readonly points: readonly number[]
  readonly method: 'nearest' | 'linear' | 'cubic'
  /** What lies beyond the ends: zeros, the values at the ends, or all values once more, the other way round. */
  readonly beyond: 'zeros' | 'border' | 'reflection'
}

/** The inputs are the values and, where they are computed, the places. */
export interface PlannedSampling extends PlannedOperator, SamplingGeometry {
  /** Whether -1 and 1 are the centers of the first and last values, not their outer ends. */
  readonly aligned: boolean
  /** [N, ...points, axes], the last axis of the input first. */
  readonly places: FloatConstant | 'input'
}

const methods: Readonly<Record<string, SamplingGeometry['method']>> = {
  bicubic: 'cubic',
  bilinear: 'linear',
  cubic: 'cubic',
  linear: 'linear',
  nearest: 'nearest',
}

export function samplingOf(node: NodeProto, view: GraphView): Match<PlannedSampling> | Refusal | undefined {
  const [input, grid = ''] = node.input
  if (node.opType !== 'GridSample' || !view.isActivation(input)) return undefined
  const method = methods[stringAttribute(node, 'mode', 'bilinear')]!
  const beyond = stringAttribute(node, 'padding_mode', 'zeros') as SamplingGeometry['beyond']
  const places = view.isActivation(grid) ? 'input' : view.constant(grid)
  if (places === undefined) return { refusal: 'its places are neither an activation nor constant' }
  const [batch = 0, channels = 0, ...space] = view.dims(input)
  if (beyond === 'reflection' && space.includes(1)) return { refusal: 'a single value has no reflection' }
  return {
    ...{ kind: 'sampling', nodes: [node], outputs: [node.output[0]!] },
    inputs: places === 'input' ? [input, grid] : [input],
    ...{ batch, channels, space, points: view.dims(node.output[0]!).slice(2), method, beyond, places },
    aligned: intAttribute(node, 'align_corners', 0) === 1,
  }
}
