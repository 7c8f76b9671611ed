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
  readonly interpolates: boolean
  /** What lies beyond the ends: zeros, or the values at the ends. */
  readonly beyond: 'zeros' | 'border'
}

/** The inputs are the values and, where they are computed, the places. */
export interface PlannedSampling extends PlannedOperator, SamplingGeometry {
  /** Whether -1 and 1 are the centers of the first and last values, not their outer ends. */
  readonly aligned: boolean
  /** [N, ...points, axes], the last axis of the input first. */
  readonly places: FloatConstant | 'input'
}

const modes: ReadonlyMap<string, boolean> = new Map([
  ['bilinear', true],
  ['linear', true],
  ['nearest', false],
])

export function samplingOf(node: NodeProto, view: GraphView): Match<PlannedSampling> | Refusal | undefined {
  const [input, grid = ''] = node.input
  if (node.opType !== 'GridSample' || !view.isActivation(input)) return undefined
  const interpolates = modes.get(stringAttribute(node, 'mode', 'bilinear'))
  if (interpolates === undefined) return { refusal: 'it interpolates by cubes' }
  const beyond = stringAttribute(node, 'padding_mode', 'zeros')
  if (beyond !== 'zeros' && beyond !== 'border') return { refusal: 'what lies beyond the ends is a reflection' }
  const places = view.isActivation(grid) ? 'input' : view.constant(grid)
  if (places === undefined) return { refusal: 'its places are neither an activation nor constant' }
  const [batch = 0, channels = 0, ...space] = view.dims(input)
  return {
    ...{ kind: 'sampling', nodes: [node], outputs: [node.output[0]!] },
    inputs: places === 'input' ? [input, grid] : [input],
    ...{ batch, channels, space, points: view.dims(node.output[0]!).slice(2), interpolates, beyond, places },
    aligned: intAttribute(node, 'align_corners', 0) === 1,
  }
}
