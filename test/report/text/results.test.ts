import { describe, expect, it } from 'vitest'
import { makeConfig } from '../../../src/config/config.js'
import { resultLines } from '../../../src/report/text/results.js'
import type { ModeResult, RefinementStep } from '../../../src/report/types.js'

const config = makeConfig({ model: 'm.onnx' })
const plain = (mode: string): ModeResult => ({
  ...{ model: 'm.onnx', mode, iteration: 32, directory: '.', files: [], error: undefined },
  ...{ loss: 1, floatMetric: 1, fixMetric: 0.99 },
})
const step = (name: RefinementStep['step'], after: number, kept: boolean): RefinementStep => ({
  ...{ step: name, before: 12.06, after, significance: 2, kept },
})
const refined = (mode: string, ...steps: RefinementStep[]): ModeResult => ({
  ...plain(mode),
  refinement: { samples: 32, steps },
})
const linesOf = async (...results: ModeResult[]) => {
  const lines = await resultLines({ saveDir: 'out', results, skipped: [], stageSeconds: {} }, config, (_, text) => text)
  return lines.flatMap((line) => line.split('\n'))
}
const rowOf = (lines: readonly string[], mode: string) => lines.find((line) => line.includes(`│ ${mode} `))!

describe('The results of a run that refines', () => {
  it('show the plain ratio beside the refined one, with the step that was kept', async () => {
    const found = await linesOf(refined('mse', step('weights', 11, false), step('biases', 13.44, true)))
    expect(found).toContain('Signal to noise at the outputs: plain 12.1 dB, refined 13.4 dB, biases')
  })

  it('have a column of each in the table, and say what was taken back', async () => {
    const found = await linesOf(
      refined('mse', step('weights', 13.44, true)),
      refined('kl', step('weights', 9, false)),
      plain('kl_v2'),
    )
    expect(rowOf(found, 'mse')).toMatch(/ 12\.1 dB │ +13\.4 dB, weights │/)
    expect(rowOf(found, 'kl')).toMatch(/ 12\.1 dB │ +9\.0 dB, weights taken back │/)
    expect(rowOf(found, 'kl_v2')).toMatch(/ - │ +- │/)
  })

  it('have neither column without refinement', async () => {
    const found = await linesOf(plain('mse'), plain('kl'))
    expect(found.join()).not.toContain('refined')
  })
})
