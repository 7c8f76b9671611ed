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
  readonly cubic: { readonly a: number; readonly excludeOutside: boolean } | undefined
  readonly coordinates: Coordinates
  /** The filter is as wide as what an output stands for, where there are fewer outputs than inputs. */
  readonly antialias: boolean
}

/** The share of each of `from` inputs in each of `to` outputs: [to, from], rows of sum 1. */
export function filterMatrix(axis: ResizedAxis, { cubic, coordinates, antialias }: Filter): Float64Array {
  const matrix = new Float64Array(axis.to * axis.from)
  for (let row = 0; row < axis.to; row++) {
    const place = placeOf(row, axis, coordinates)
    const taps =
      antialias && axis.scale < 1
        ? stretchedTaps(place, axis, cubic?.a)
        : cubic
          ? cubicTaps(place, axis.from, cubic)
          : linearTaps(place, axis.from)
    const total = taps.reduce((sum, { share }) => sum + share, 0)
    for (const { at, share } of taps) matrix[row * axis.from + at]! += share / total
  }
  return matrix
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

/** Four neighbours; those beyond the ends repeat the end, or do not count. */
function cubicTaps(place: number, length: number, { a, excludeOutside }: NonNullable<Filter['cubic']>): Tap[] {
  const first = Math.floor(place) - 1
  return [0, 1, 2, 3].flatMap((step) => {
    const at = first + step
    const isOutside = at < 0 || at >= length
    return isOutside && excludeOutside ? [] : [{ at: within(at, length), share: cubicShare(Math.abs(place - at), a) }]
  })
}

/** All inputs that the filter, stretched by inputs an output, reaches; those beyond the ends do not count. */
function stretchedTaps(place: number, { from, scale }: ResizedAxis, a: number | undefined): Tap[] {
  const share = (distance: number) => (a === undefined ? Math.max(0, 1 - distance) : cubicShare(distance, a))
  const taps = Array.from({ length: from }, (_, at) => ({ at, share: share(Math.abs(at - place) * scale) }))
  return taps.filter((tap) => tap.share !== 0)
}

/** Keys' kernel. */
function cubicShare(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance ** 2 + 1
  if (distance < 2) return ((distance - 5) * distance + 8) * distance * a - 4 * a
  return 0
}
