// Real models, quantized by their extremes over a few pseudo-random inputs: what the pipeline does, in a few lines.

import { chipProfile } from '../../src/fixedpoint/chip.js'
import { encodeModel, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { exposeAll } from '../../src/onnx/shapes/inference.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import type { Model, TensorValue } from '../../src/onnx/types.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import type { FixedPointModel } from '../../src/plan/types.js'

export type Feeds = Readonly<Record<string, TensorValue>>

export interface Quantized {
  /** The float model the plan was made from. */
  readonly source: Model
  readonly fixed: FixedPointModel
}

export async function quantizeByExtremes(from: string | Model, samples: readonly Feeds[]): Promise<Quantized> {
  const [quantized] = await quantizeAtWidths(from, samples, [8])
  return quantized!
}

/** The same model at each width: it is optimized once, and its float model runs once. */
export async function quantizeAtWidths(
  from: string | Model,
  samples: readonly Feeds[],
  widths: readonly (8 | 16)[],
): Promise<Quantized[]> {
  const { model: source } = await optimize(typeof from === 'string' ? await readModel(from) : from)
  const shapes = await shapesFor(source, samples[0]!)
  const session = await createSession(encodeModel(exposeAll(source.proto)))
  const extremes = new Map<string, number>()
  for (const feeds of samples) {
    for (const [name, { data }] of Object.entries({ ...feeds, ...(await session.run(feeds)) })) {
      if (!(data instanceof Float32Array)) continue
      const extreme = data.reduce((most, value) => Math.max(most, Math.abs(value)), extremes.get(name) ?? 0)
      extremes.set(name, extreme)
    }
  }
  await session.release()
  return widths.map((bits) => {
    const chip = chipProfile(bits === 8 ? 'TX5105C' : 'TX5368x')
    const plan = makePlan(source, shapes, oneWidth(chip, bits))
    const thresholds = plan.groups.map(({ name, sources }) => {
      const extreme = Math.max(...sources.map((one) => extremes.get(one)!))
      return [name, extreme || 1] as const
    })
    return { source, fixed: solveFixedPoint(plan, new Map(thresholds), chip) }
  })
}

/** Smooth images in [-1, 1] with some noise: nearer to pictures than white noise, and the same on every machine. */
export function picture(dims: readonly number[], seed: number): TensorValue {
  const [, channels = 1, height = 1, width = 1] = dims
  const data = new Float32Array(channels * height * width)
  let state = seed + 1
  for (let at = 0; at < data.length; at++) {
    const [x, y, c] = [at % width, Math.floor(at / width) % height, Math.floor(at / (width * height))]
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const wave = Math.sign(Math.sin(x * (0.11 + 0.03 * seed) + c)) * Math.cos(y * 0.17 * (1 + seed))
    data[at] = 0.8 * wave + 0.2 * (state / 2 ** 31 - 1)
  }
  return { type: 'float32', dims, data }
}
