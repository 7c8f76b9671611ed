// --zero-points auto, the default: the zero points that pay on calibration samples are kept, and what is written is what that policy alone writes.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { classifier, type Ended, fixture, squire, temporaryFolder } from './squire.js'

const folder = temporaryFolder()
const written = (name: string, form: string) =>
  readFileSync(join(folder, name, `ch_ppocr_mobile_v2.0_cls_infer_${form}`))

/** Calibrates on 16 lines with mode mse. */
const run = (name: string, words: string): Promise<Ended> => {
  const data = ['-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '16', '--compare-iteration', '0']
  const quant = ['quant', '-m', classifier, ...data, '--json', '-s', join(folder, name), '-qm', 'mse']
  return squire([...quant, ...words.split(' ')])
}

interface Trial {
  readonly policy: string
  readonly pads: number
  readonly sums: number
  readonly sqnr: number
}

describe('zero points without --zero-points', () => {
  let ended: Ended
  let held: {
    readonly policy: string
    readonly groups: number
    readonly pads: number
    readonly tried: readonly Trial[]
  }

  beforeAll(async () => {
    ended = await run('auto', '-cn 1')
    held = JSON.parse(ended.stdout).results[0]?.zeroPoints
  }, 120_000)

  it('are tried beside the symmetric quantization, and the log and the result say by which numbers they were taken', () => {
    expect(ended.status, ended.stderr).toBe(0)
    expect(held.tried.map(({ policy }) => policy)).toEqual(['none', 'unpadded', 'all'])
    const numbers = held.tried.map(({ policy, sqnr }) => `${policy} ${sqnr.toFixed(1)} dB`).join(', ')
    expect(ended.stderr).toContain(`signal to noise at the outputs on calibration samples: ${numbers}`)
    expect(ended.stderr).toContain(`Pad nodes added: ${held.pads}`)
  })

  it('are those that gain anything at no cost, or a quarter of a decibel with Pads', () => {
    const [none, unpadded, all] = held.tried as [Trial, Trial, Trial]
    expect(new Set([none.sqnr, unpadded.sqnr, all.sqnr]).size).toBe(3)
    expect([none, unpadded].map(({ pads, sums }) => pads + sums)).toEqual([0, 0])
    expect(all.pads).toBeGreaterThan(0)
    const cheap = unpadded.sqnr > none.sqnr ? unpadded : none
    expect(held.policy).toBe((all.sqnr > cheap.sqnr + 0.25 ? all : cheap).policy)
  })

  it('give the bytes that the policy alone gives, with another number of workers', async () => {
    expect((await run('alone', `--zero-points ${held.policy} -cn 2`)).status).toBe(0)
    for (const form of ['quantize.onnx', 'qdq.onnx', 'scale.json']) {
      expect(written('auto', form).equals(written('alone', form)), form).toBe(true)
    }
  }, 120_000)

  it('are nothing to choose where scales are loaded: they are those of the run that made them', async () => {
    const loaded = await run('loaded', `-lsj ${join(folder, 'auto/ch_ppocr_mobile_v2.0_cls_infer_scale.json')}`)
    expect(loaded.status, loaded.stderr).toBe(0)
    expect(loaded.stderr).not.toContain('--zero-points auto takes')
    expect(written('auto', 'quantize.onnx').equals(written('loaded', 'quantize.onnx'))).toBe(true)
  }, 120_000)
})
