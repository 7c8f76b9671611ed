// Quantization Loss, as Knight defines it.

/**
 * |fix - float| / |float| * 100, in percent. Undefined where there is no metric or the float metric is 0: a ratio to nothing says nothing.
 */
export function quantizationLoss(floatMetric: number | undefined, fixMetric: number | undefined): number | undefined {
  if (floatMetric === undefined || fixMetric === undefined || floatMetric === 0) return undefined
  return (Math.abs(fixMetric - floatMetric) / Math.abs(floatMetric)) * 100
}
