// Resizing with the results of Pillow, and so of torchvision: models are trained on what those make of an image. libvips differs by up to five
// levels where it shrinks, and by dozens where it enlarges, since it samples other places.
// Source: Pillow, src/libImaging/Resample.c: an antialiased filter, rows first and columns after, 22-bit weights, 8 bits in between.

export interface Pixels {
  /** Rows of pixels, channels last. */
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: number
}

export interface Window {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export const filters = ['bilinear', 'bicubic'] as const
export type Filter = (typeof filters)[number]

const PRECISION_BITS = 22

const kernels: Readonly<Record<Filter, { readonly support: number; weight(x: number): number }>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(signed) {
      // Keys' cubic with a = -1/2.
      const x = Math.abs(signed)
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
    },
  },
}

/** The image at another size; of that, what lies in `window` (default: all). Only what the window needs is computed. */
export function resample(image: Pixels, width: number, height: number, filter: Filter, window?: Window): Pixels {
  const { left, top, ...size } = window ?? { left: 0, top: 0, width, height }
  if (width === image.width && height === image.height) return cropped(image, { left, top, ...size })
  const columns = weightsOf(image.width, width, filter, left, size.width)
  const rows = weightsOf(image.height, height, filter, top, size.height)
  const first = rows.starts[0]!
  const last = rows.starts.at(-1)! + rows.counts.at(-1)!
  const narrow = resampleRows(image, columns, first, last)
  return resampleColumns(narrow, rows, first)
}

export function cropped({ data, width, channels }: Pixels, window: Window): Pixels {
  const row = window.width * channels
  const out = new Uint8Array(window.height * row)
  for (let y = 0; y < window.height; y++) {
    const start = ((y + window.top) * width + window.left) * channels
    out.set(data.subarray(start, start + row), y * row)
  }
  return { data: out, width: window.width, height: window.height, channels }
}

/** For each output position the run of input positions that it is a weighted mean of. */
interface Weights {
  readonly starts: Int32Array
  readonly counts: Int32Array
  /** `most` weights a position, in units of 2^-22. */
  readonly weights: Int32Array
  readonly most: number
}

function weightsOf(from: number, to: number, filter: Filter, first: number, count: number): Weights {
  const { support, weight } = kernels[filter]
  const scale = from / to
  const stretch = Math.max(scale, 1)
  const reach = support * stretch
  const most = Math.ceil(reach) * 2 + 1
  const starts = new Int32Array(count)
  const counts = new Int32Array(count)
  const weights = new Int32Array(count * most)
  for (let i = 0; i < count; i++) {
    const center = (first + i + 0.5) * scale
    const start = Math.max(0, Math.trunc(center - reach + 0.5))
    const end = Math.min(from, Math.trunc(center + reach + 0.5))
    const own = Array.from({ length: end - start }, (_, k) => weight((start + k - center + 0.5) / stretch))
    const sum = own.reduce((total, one) => total + one, 0)
    starts[i] = start
    counts[i] = own.length
    own.forEach((one, k) => {
      const scaled = (one / sum) * 2 ** PRECISION_BITS
      weights[i * most + k] = Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5))
    })
  }
  return { starts, counts, weights, most }
}

/** Rows [first, last), each as wide as there are weights. */
function resampleRows({ data, width, channels }: Pixels, columns: Weights, first: number, last: number): Pixels {
  const out = new Uint8ClampedArray((last - first) * columns.starts.length * channels)
  const stride = columns.starts.length * channels
  for (let y = first; y < last; y++) {
    const [from, to] = [y * width * channels, (y - first) * stride]
    if (channels === 3) resampleColours(data, from, columns, out, to)
    else for (let c = 0; c < channels; c++) resampleChannel(data, from + c, columns, out, to + c, channels)
  }
  return { data: new Uint8Array(out.buffer), width: columns.starts.length, height: last - first, channels }
}

const HALF = 1 << (PRECISION_BITS - 1)

/** One row of three channels at once: each weight is read once. `Math.imul` and `| 0` keep the sums in 32-bit registers. */
function resampleColours(data: Uint8Array, row: number, columns: Weights, out: Uint8ClampedArray, at: number): void {
  const { starts, counts, weights, most } = columns
  for (let x = 0, to = at; x < starts.length; x++, to += 3) {
    let from = row + starts[x]! * 3
    let [r, g, b] = [HALF, HALF, HALF]
    for (let w = x * most, end = w + counts[x]!; w < end; w++, from += 3) {
      const weight = weights[w]!
      r = (r + Math.imul(data[from]!, weight)) | 0
      g = (g + Math.imul(data[from + 1]!, weight)) | 0
      b = (b + Math.imul(data[from + 2]!, weight)) | 0
    }
    out[to] = r >> PRECISION_BITS
    out[to + 1] = g >> PRECISION_BITS
    out[to + 2] = b >> PRECISION_BITS
  }
}

function resampleChannel(
  data: Uint8Array,
  row: number,
  { starts, counts, weights, most }: Weights,
  out: Uint8ClampedArray,
  at: number,
  step: number,
): void {
  for (let x = 0; x < starts.length; x++) {
    let from = row + starts[x]! * step
    let sum = HALF
    for (let w = x * most, end = w + counts[x]!; w < end; w++, from += step) {
      sum = (sum + Math.imul(data[from]!, weights[w]!)) | 0
    }
    out[at + x * step] = sum >> PRECISION_BITS
  }
}

/** `offset` is the row of the whole image that `image` begins with. */
function resampleColumns({ data, width, channels }: Pixels, rows: Weights, offset: number): Pixels {
  const { starts, counts, weights, most } = rows
  const stride = width * channels
  const out = new Uint8ClampedArray(starts.length * stride)
  const sums = new Int32Array(stride)
  for (let y = 0; y < starts.length; y++) {
    sums.fill(HALF)
    for (let k = 0; k < counts[y]!; k++) {
      const weight = weights[y * most + k]!
      const row = (starts[y]! - offset + k) * stride
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + Math.imul(data[row + i]!, weight)
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = sums[i]! >> PRECISION_BITS
  }
  return { data: new Uint8Array(out.buffer), width, height: starts.length, channels }
}
