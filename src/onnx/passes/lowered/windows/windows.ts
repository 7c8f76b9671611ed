// The values that a window sees, position by position, as a move of values.

import { windowCounts, windowOf, windowTaps } from '../../../geometry.js'
import { elementCount } from '../../../tensor.js'
import type { NodeProto } from '../../../types.js'
import type { NodeWriter } from '../../lowering.js'

export interface Windows {
  /** [N, C, elements of the kernel, positions] */
  readonly values: string
  readonly elements: number
  /** How many positions there are along each spatial axis. */
  readonly counts: readonly number[]
}

/**
 * Of x [N, C, ...space], which gets one zero behind its values, for all that lies in the padding.
 * @param node whose strides, dilations and pads apply
 */
export function windowsOf(
  writer: NodeWriter,
  node: NodeProto,
  dims: readonly number[],
  kernel: readonly number[],
): Windows {
  const [batch, channels, ...space] = dims as [number, number, ...number[]]
  const window = windowOf(node, kernel, space)
  const [area, elements] = [elementCount(space), elementCount(kernel)]
  const taps = windowTaps(window, space)
  const places = new Array<number>(elements * taps.length).fill(area)
  taps.forEach((position, at) => {
    for (const { element, offset } of position) places[element * taps.length + at] = offset
  })
  const flat = writer.reshape(node.input[0]!, [batch, channels, area])
  const padded = places.includes(area) ? writer.pad(flat, [0, 0, 0, 0, 0, 1]) : flat
  return {
    values: writer.gather(padded, places, [elements, taps.length], 2),
    elements,
    counts: windowCounts(window, space),
  }
}
