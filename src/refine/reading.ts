// How an operator reads the values that it multiplies with weights: which of the input's values meet which weight, at every position of the output.
// A convolution's windows and the rows of a matrix product are the same to refinement: patches of values, one a position.

import { positions as indexTuples, sizeOf, windowCounts } from '../onnx/geometry.js'

export interface Reading {
  /** The input's channels lie in so many groups, and an output channel reads one of them. */
  readonly groups: number
  /** Values of a patch of one group: as many as an output channel has weights. */
  readonly depth: number
  /** Of a convolution over [N, C, ...spatial]; undefined for a product along the last axis. */
  readonly window: Window | undefined
}

export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
}

/** Patches at some positions: the image that each is of, and the offsets in a plane of its kernel's elements, -1 outside of it. */
export interface Located {
  readonly count: number
  readonly images: Uint32Array
  readonly offsets: Int32Array
}

export type Numbers = Float32Array | Int32Array

/** The patches of a tensor of certain dims. */
export class Patches {
  /** How many patches there are: one for each position of the output, in the output's order. */
  readonly count: number
  readonly #reading: Reading
  readonly #channels: number
  readonly #plane: number
  readonly #counts: readonly number[]
  readonly #spatial: readonly number[]
  /** Elements of the kernel. */
  readonly #elements: readonly (readonly number[])[]

  constructor(reading: Reading, dims: readonly number[]) {
    const { window, depth, groups } = reading
    this.#reading = reading
    this.#spatial = window === undefined ? [] : dims.slice(2)
    this.#counts = window === undefined ? [] : windowCounts({ ...window, ceil: false }, this.#spatial)
    this.#elements = indexTuples(window?.kernel ?? [])
    this.#plane = sizeOf(this.#spatial)
    this.#channels = (depth / this.#elements.length) * groups
    const images = sizeOf(dims) / (this.#channels * this.#plane)
    this.count = images * sizeOf(this.#counts)
  }

  /** Where the patches at some positions lie: found once for all groups. */
  locate(positions: Uint32Array): Located {
    const elements = this.#elements.length
    const offsets = new Int32Array(positions.length * elements)
    const images = positions.map((position, p) =>
      this.#locate(position, offsets.subarray(p * elements, (p + 1) * elements)),
    )
    return { count: positions.length, images, offsets }
  }

  /** Writes the patches of a group: value k of patch p to into[k * stride + p]; padding is 0. */
  gather(values: Numbers, group: number, located: Located, into: Int16Array, stride: number): void {
    const elements = this.#elements.length
    const channels = this.#channels / this.#reading.groups
    const { count, images, offsets } = located
    for (let p = 0; p < count; p++) {
      for (let c = 0; c < channels; c++) {
        const base = (images[p]! * this.#channels + group * channels + c) * this.#plane
        for (let e = 0; e < elements; e++) {
          const offset = offsets[p * elements + e]!
          into[(c * elements + e) * stride + p] = offset < 0 ? 0 : values[base + offset]!
        }
      }
    }
  }

  /** The sum over all positions of each value of a patch, group after group: values are integers, so that the sums are exact. */
  sums(values: Numbers): Float64Array {
    const { window } = this.#reading
    let sums: ArrayLike<number> = values
    let inner = 1
    // One axis after the other, the last first: a window's axes have nothing to do with one another.
    for (let axis = this.#spatial.length - 1; axis >= 0; axis--) {
      const along = { length: this.#spatial[axis]!, count: this.#counts[axis]!, inner }
      const [kernel, stride] = [window!.kernel[axis]!, window!.strides[axis]!]
      const from = Array.from({ length: kernel }, (_, k) => k * window!.dilations[axis]! - window!.pads[axis]!)
      sums = windowSums(sums, along, stride, from)
      inner *= kernel
    }
    const patch = this.#channels * inner
    const all = new Float64Array(patch)
    for (let at = 0; at < sums.length; at += patch) for (let k = 0; k < patch; k++) all[k]! += sums[at + k]!
    return all
  }

  /** Writes where the elements of the kernel lie in the planes of an image, -1 outside of it. @returns the number of the image */
  #locate(position: number, offsets: Int32Array): number {
    const { window } = this.#reading
    if (window === undefined) {
      offsets[0] = 0
      return position
    }
    const rank = this.#counts.length
    const at: number[] = []
    let rest = position
    for (let axis = rank - 1; axis >= 0; axis--) {
      at[axis] = (rest % this.#counts[axis]!) * window.strides[axis]! - window.pads[axis]!
      rest = Math.floor(rest / this.#counts[axis]!)
    }
    for (const [e, element] of this.#elements.entries()) {
      let offset = 0
      for (let axis = 0; axis < rank && offset >= 0; axis++) {
        const x = at[axis]! + element[axis]! * window.dilations[axis]!
        offset = x < 0 || x >= this.#spatial[axis]! ? -1 : offset * this.#spatial[axis]! + x
      }
      offsets[e] = offset
    }
    return rest
  }
}

interface Axis {
  /** How many values the axis has, and how many positions a window has along it. */
  readonly length: number
  readonly count: number
  /** Values of one index. */
  readonly inner: number
}

/** [outer, length, inner] -> [outer, kernel, inner]: for each element of a window, which first lies at `from`, its sum over the window's positions. */
function windowSums(
  values: ArrayLike<number>,
  { length, count, inner }: Axis,
  stride: number,
  from: readonly number[],
): Float64Array {
  const outer = values.length / (length * inner)
  const sums = new Float64Array(outer * from.length * inner)
  for (let o = 0; o < outer; o++) {
    // Of whole numbers, the sum over a window's positions is that of all values less those at the ends.
    const whole = inner === 1 && stride === 1 ? sumOf(values, o * length, (o + 1) * length) : 0
    for (const [k, start] of from.entries()) {
      const first = start < 0 ? start + stride * Math.ceil(-start / stride) : start
      const end = Math.min(length, start + stride * count)
      const into = (o * from.length + k) * inner
      if (inner === 1 && stride === 1 && first + length - end < end - first) {
        const ends = sumOf(values, o * length, o * length + first) + sumOf(values, o * length + end, (o + 1) * length)
        sums[into] = whole - ends
      } else if (inner === 1) sums[into] = strided(values, o * length + first, o * length + end, stride)
      else {
        for (let x = first; x < end; x += stride) {
          const at = (o * length + x) * inner
          for (let i = 0; i < inner; i++) sums[into + i]! += values[at + i]!
        }
      }
    }
  }
  return sums
}

/** In four sums that do not wait for one another. */
function sumOf(values: ArrayLike<number>, from: number, to: number): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  let i = from
  for (; i + 3 < to; i += 4) {
    a += values[i]!
    b += values[i + 1]!
    c += values[i + 2]!
    d += values[i + 3]!
  }
  for (; i < to; i++) a += values[i]!
  return a + b + c + d
}

function strided(values: ArrayLike<number>, from: number, to: number, stride: number): number {
  let sum = 0
  for (let i = from; i < to; i += stride) sum += values[i]!
  return sum
}
