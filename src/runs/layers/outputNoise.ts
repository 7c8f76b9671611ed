// Noise to signal over the outputs of a model.

import type { TensorErrors } from '../../compare/compare.js'

/** The mean over tensors of the error's power over the signal's: 0 is exact. */
export function meanNoise(tensors: readonly TensorErrors[]): number {
  const ratios = tensors.map(({ accumulated: { rmse, sqnr } }) => {
    if (rmse === 0) return 0
    // Noise without any signal: nothing could be worse.
    return sqnr === undefined ? Number.MAX_VALUE : 10 ** (-sqnr / 10)
  })
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / Math.max(1, ratios.length)
}
