// Every form of every operator that docs/operators.md speaks of: the graph passes keep what it computes, and where it is said to be in integers,
// the integer model and the QDQ model load and come near to the float model. In 16 bits they come so near that an integer solved a little wrong,
// which the rounding of 8 bits would hide, shows.

import { describe, expect, it } from 'vitest'
import { forms } from '../../scripts/operators/forms.js'
import { feedsOf, modelOf, planned } from '../../scripts/operators/table.js'
import { integerModel } from '../../src/export/integerModel.js'
import { qdqModel } from '../../src/export/qdqModel.js'
import { encodeModel } from '../../src/onnx/model.js'
import { standardOperators } from '../../src/onnx/operators.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import type { ModelProto, TensorValue } from '../../src/onnx/types.js'
import { type Feeds, type Quantized, quantizeAtWidths } from '../export/quantized.js'

const cases = Object.entries(forms).flatMap(([type, ways]) =>
  typeof ways === 'string' ? [] : ways.map((way) => ({ title: `${type} ${way(type).form}`.trim(), one: way(type) })),
)

/** Between -0.9 and 0.9; positive for p. */
function sampleAt(at: number, name: string): number {
  const value = Math.sin(at * 0.7 + name.length) * 0.9
  return name === 'p_input' ? Math.abs(value) + 0.1 : value
}

async function run(proto: ModelProto, feeds: Feeds): Promise<TensorValue> {
  const session = await createSession(encodeModel(proto))
  const results = Object.values(await session.run(feeds))
  await session.release()
  return results[0]!
}

/** Signal-to-noise ratio in dB. */
function sqnr(float: TensorValue, made: TensorValue): number {
  const [want, got] = [float, made].map(({ data }) => Array.from(data as ArrayLike<number | bigint>, Number))
  if (String(want) === String(got)) return Number.POSITIVE_INFINITY
  const power = want!.reduce((sum, value) => sum + value ** 2, 0)
  return 10 * Math.log10(power / want!.reduce((sum, value, i) => sum + (value - got![i]!) ** 2, 1e-30))
}

/** In dB, at 16 bits; places of GridSample have 8 bits behind the point, and give 70. */
const LEAST_WIDE = 65

describe('forms of operators', () => {
  it('are of every operator of the standard', () => {
    expect(Object.keys(forms)).toEqual([...standardOperators.keys()].sort())
  })

  it.each(cases)('$title', async ({ one }) => {
    const given = modelOf(one)
    const feeds = feedsOf(given, sampleAt)
    const float = await run(given.proto, feeds)
    const { model, reasons } = await planned(one)
    const optimized = await run(model.proto, feeds)
    expect(optimized.dims).toEqual(float.dims)
    expect(sqnr(float, optimized)).toBeGreaterThan(100)
    if (reasons.length > 0) return
    const [{ source, fixed }, wide] = (await quantizeAtWidths(model, [feeds], [8, 16])) as [Quantized, Quantized]
    const options = { outputDequant: true, allLayers: false }
    for (const [proto, least] of [
      [integerModel(fixed, source, options), one.least],
      [qdqModel(fixed, source), one.least],
      [integerModel(wide.fixed, source, options), LEAST_WIDE],
    ] as const) {
      const made = await run(proto, feeds)
      expect(made.dims).toEqual(float.dims)
      expect(sqnr(float, made)).toBeGreaterThan(least)
    }
  })
})
