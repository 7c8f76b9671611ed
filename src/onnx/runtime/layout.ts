// The order in which ONNX Runtime holds what convolutions read and write: channels in blocks of B (8 with AVX2, 16 with AVX-512).
//
//     dims [N, C, H, W]:      [N][C][H][W]        what a graph's output is reordered to on its way out
//     blocked:                [N][C/B][H][W][B]   C padded to a multiple of B; what padded channels hold is of no meaning
//
// Source: onnxruntime/core/mlas/lib/reorder.cpp and snchwc.cpp.

/** How a blocked tensor is held. */
export interface BlockedLayout {
  /** C, without padding. */
  readonly channels: number
  /** B */
  readonly block: number
}

/** The dims, [N, C padded, ...], that the runtime gives a blocked tensor of these. */
export function blockedDims([batch, channels, ...space]: readonly number[], block: number): number[] {
  return [batch!, Math.ceil(channels! / block) * block, ...space]
}

/** A blocked tensor's values as [N, C, ...]; `dims` as the runtime gives them. */
export function unblocked(
  values: Float32Array,
  [batch, padded, ...space]: readonly number[],
  { channels, block }: BlockedLayout,
): Float32Array {
  const area = space.reduce((product, dim) => product * dim, 1)
  const result = new Float32Array(batch! * channels * area)
  for (let n = 0, to = 0; n < batch!; n++) {
    for (let c = 0; c < channels; c++) {
      const from = n * padded! * area + (c - (c % block)) * area + (c % block)
      for (let at = 0; at < area; at++) result[to++] = values[from + at * block]!
    }
  }
  return result
}

/** The first value that is not finite, in row order, of `rows` rows in blocks; index Infinity: there is none. */
export function firstNonFinite(values: Float32Array, rows: number, { channels, block }: BlockedLayout) {
  const padded = Math.ceil(channels / block) * block
  const area = values.length / (rows * padded)
  let first = { index: Infinity, value: Number.NaN }
  for (const [i, value] of values.entries()) {
    if (Number.isFinite(value)) continue
    const [group, lane] = [Math.floor(i / block), i % block]
    const [plane, at] = [Math.floor(group / area), group % area]
    const [row, channel] = [Math.floor((plane * block) / padded), ((plane * block) % padded) + lane]
    const index = (row * channels + channel) * area + at
    if (channel < channels && index < first.index) first = { index, value }
  }
  return first
}
