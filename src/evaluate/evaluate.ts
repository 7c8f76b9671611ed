// One quantized model, measured against the float one.

import type { ModelFile } from '../engine/protocol.js'
import type { Runner } from '../engine/runner.js'
import { quantizationLoss } from './loss.js'

export interface Evaluation {
  readonly floatMetric: number | undefined
  readonly fixMetric: number | undefined
  /** Percent; undefined where there is nothing to compare with. */
  readonly loss: number | undefined
}

/** Runs the integer model over the evaluation data. Without a float metric there is nothing to measure, and nothing is run. */
export async function evaluate(
  runner: Runner,
  model: ModelFile,
  iteration: number,
  floatMetric: number | undefined,
  title: string,
): Promise<Evaluation> {
  if (floatMetric === undefined) return { floatMetric, fixMetric: undefined, loss: undefined }
  const fixMetric = await runner.measure(model, iteration, title)
  return { floatMetric, fixMetric, loss: quantizationLoss(floatMetric, fixMetric) }
}

/** The loss for people: never NaN, and the reason where there is none. */
export function lossLine({ floatMetric, fixMetric, loss }: Evaluation): string {
  if (floatMetric === undefined) return 'Quantization Loss: none, the infer function or dataset has no metric'
  if (loss === undefined) return `Quantization Loss: undefined, the float metric is ${floatMetric} (fix ${fixMetric})`
  return `Quantization Loss: ${loss.toFixed(4)} % (float ${floatMetric}, fix ${fixMetric})`
}
