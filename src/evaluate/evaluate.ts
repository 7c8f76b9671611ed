// One quantized model, measured against the float one.

import { metricText } from '../numbers.js'
import { quantizationLoss } from './loss.js'

export interface Evaluation {
  readonly floatMetric: number | undefined
  readonly fixMetric: number | undefined
  /** Percent; undefined where there is nothing to compare with. */
  readonly loss: number | undefined
}

/** Compares an integer model with the float one. Without a float metric there is nothing to compare, and nothing is measured. */
export function evaluationOf(floatMetric: number | undefined, fixMetric: number | undefined): Evaluation {
  if (floatMetric === undefined) return { floatMetric, fixMetric: undefined, loss: undefined }
  return { floatMetric, fixMetric, loss: quantizationLoss(floatMetric, fixMetric) }
}

/** The loss for people: never NaN, and the reason where there is none. */
export function lossLine({ floatMetric, fixMetric, loss }: Evaluation): string {
  if (floatMetric === undefined) return 'Quantization Loss: none, the infer function or dataset has no metric'
  if (loss === undefined)
    return `Quantization Loss: undefined, the float metric is ${metricText(floatMetric)} (fix ${metricText(fixMetric)})`
  return `Quantization Loss: ${loss.toFixed(4)} % (float ${metricText(floatMetric)}, fix ${metricText(fixMetric)})`
}
