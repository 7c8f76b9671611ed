// Where each output of a resized axis lies in the input, and which inputs it is made of. Source: onnx/docs/Operators.md, Resize.

import type { Crop } from '../cropping.js'

export type Coordinates =
  | 'half_pixel'
  | 'half_pixel_symmetric'
  | 'pytorch_half_pixel'
  | 'align_corners'
  | 'asymmetric'
  | 'tf_crop_and_resize'

/** One axis: `scale` is outputs an input, which `to` / `from` need not be exactly. */
export interface ResizedAxis {
  readonly from: number
  readonly to: number
  readonly scale: number
  /** All of it, where coordinates are not those of tf_crop_and_resize. */
  readonly crop: Crop
}

export interface Filter {
  /** Undefined: linear. */
  readonly cubic: { readonly a: number } | undefined
  /** What a cubic or antialiased filter reaches beyond the ends does not count; else it repeats the end. */
  readonly excludeOutside: boolean
  readonly coordinates: Coordinates
  /** The filter is as wide as what an output stands for, where there are fewer outputs than inputs. */
  readonly antialias: boolean
}

/** The share of each of `from` inputs in each of `to` outputs: [to, from], rows of sum 1. */
export function filterMatrix(axis: ResizedAxis, filter: Filter): Float64Array {
  const matrix = new Float64Array(axis.to * axis.from)
  for (let row = 0; row < axis.to; row++) {
    const taps = tapsAround(placeOf(row, axis, filter.coordinates), axis, filter)
    const total = taps.reduce((sum, { share }) => sum + share, 0)
    for (const { at, share } of taps) matrix[row * axis.from + at]! += share / total
  }
  return matrix
}

function tapsAround(place: number, { from, scale }: ResizedAxis, filter: Filter): Tap[] {
  const { cubic, antialias, excludeOutside } = filter
  const isStretched = antialias && scale < 1
  if (cubic === undefined && !isStretched) return linearTaps(place, from)
  const taps = filterTaps(place, isStretched ? scale : 1, cubic?.a)
  const inside = excludeOutside ? taps.filter(({ at }) => at >= 0 && at < from) : taps
  return inside.map(({ at, share }) => ({ at: within(at, from), share }))
}

function placeOf(row: number, { from, to, scale, crop: [start, end] }: ResizedAxis, coordinates: Coordinates): number {
  const centered = (row + 0.5) / scale - 0.5
  switch (coordinates) {
    case 'half_pixel':
      return centered
    case 'half_pixel_symmetric':
      return (from / 2) * (1 - to / (scale * from)) + centered
    case 'pytorch_half_pixel':
      return to > 1 ? centered : 0
    case 'align_corners':
      return to > 1 ? (row * (from - 1)) / (to - 1) : 0
    case 'asymmetric':
      return row / scale
    case 'tf_crop_and_resize':
      return (from - 1) * (to > 1 ? start + (row * (end - start)) / (to - 1) : (start + end) / 2)
  }
}

interface Tap {
  readonly at: number
  readonly share: number
}

const within = (at: number, length: number) => Math.min(Math.max(at, 0), length - 1)

function linearTaps(place: number, length: number): Tap[] {
  const inside = within(place, length)
  const first = Math.floor(inside)
  const rest = inside - first
  return [
    { at: first, share: 1 - rest },
    { at: within(first + 1, length), share: rest },
  ]
}

/** All places that the filter reaches, beyond the ends too; it is 1 / scale times as wide as between neighbours. */
function filterTaps(place: number, scale: number, a: number | undefined): Tap[] {
  const reach = (a === undefined ? 1 : 2) / scale
  const first = Math.ceil(place - reach)
  return Array.from({ length: Math.floor(place + reach) - first + 1 }, (_, step) => {
    const at = first + step
    const distance = Math.abs(at - place) * scale
    return { at, share: a === undefined ? Math.max(0, 1 - distance) : cubicShare(distance, a) }
  })
}

/** Keys' kernel. */
function cubicShare(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance ** 2 + 1
  if (distance < 2) return ((distance - 5) * distance + 8) * distance * a - 4 * a
  return 0
}
