// -qm auto: the mode whose integer model comes nearest to the float model is kept, and what is written is what that mode alone writes.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { bars } from './bars.js'
import { type Ended, fixture, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const model = write(bars(), folder, 'bars.onnx')
const quantized = 'bars_quantize.onnx'
const written = (name: string) => readFileSync(join(folder, name, quantized))

/** Calibrates on 16 lines. `modes` follow -qm, and more may follow them. */
const run = (name: string, words: string): Promise<Ended> => {
  const data = ['-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '16', '--compare-iteration', '0']
  return squire(['quant', '-m', model, ...data, '--json', '-s', join(folder, name), '-qm', ...words.split(' ')])
}

describe('-qm auto', () => {
  let ended: Ended
  let mode: string

  beforeAll(async () => {
    ended = await run('auto', 'auto -cn 1')
    mode = JSON.parse(ended.stdout).results[0]?.mode
  }, 120_000)

  it('keeps one quantization, and says what it took by which numbers', () => {
    expect(ended.status, ended.stderr).toBe(0)
    expect(JSON.parse(ended.stdout).results).toHaveLength(1)
    expect(ended.stderr).toContain(
      `-qm auto takes ${mode}: signal to noise at the outputs on calibration samples: min_max `,
    )
  })

  it('takes the mode of the largest signal to noise ratio', () => {
    const line = ended.stderr.split('\n').find((one) => one.includes('-qm auto takes'))!
    const ratios = [...line.matchAll(/(\w+) (-?[\d.]+) dB/g)].map(([, name, ratio]) => ({ name, ratio: Number(ratio) }))
    expect(ratios.map(({ name }) => name)).toEqual(['min_max', 'mse', 'percentile', 'kl_v2'])
    expect(ratios.find(({ name }) => name === mode)!.ratio).toBe(Math.max(...ratios.map(({ ratio }) => ratio)))
    const [result] = JSON.parse(ended.stdout).results as { modes: { mode: string; sqnr: number }[] }[]
    expect(result!.modes.map((one) => ({ name: one.mode, ratio: Number(one.sqnr.toFixed(1)) }))).toEqual(ratios)
  })

  it('writes what that mode alone writes, with another number of workers', async () => {
    expect((await run('alone', `${mode} -cn 2`)).status).toBe(0)
    expect(written('auto').equals(written('alone'))).toBe(true)
  }, 120_000)

  it('stands alone', async () => {
    const refused = await run('refused', 'auto kl')
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('"auto" tries several modes and stands alone, got kl auto')
  })
})
