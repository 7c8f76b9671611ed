// --noise-shares: what each tensor and each weight adds to the noise at the outputs, in report.json and in the log.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/report/data/report.js'
import { classifier, type Ended, fixture, squire, temporaryFolder } from './squire.js'

const folder = temporaryFolder()
const reportOf = (name: string) => readFileSync(join(folder, name, 'report.json'), 'utf8')

const run = (name: string, ...words: string[]): Promise<Ended> => {
  const data = ['-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '16', '--compare-iteration', '0']
  return squire(['quant', '-m', classifier, ...data, '-qm', 'kl_v2', '-s', join(folder, name), '--json', ...words])
}

describe('--noise-shares', () => {
  let ended: Ended

  beforeAll(async () => {
    ended = await run('one', '--noise-shares', '2', '-cn', '1')
  }, 120_000)

  it('names the largest shares', () => {
    expect(ended.status, ended.stderr).toBe(0)
    expect(ended.stderr).toMatch(
      /kl_v2, noise at the outputs with one thing quantized at a time \(2 samples\): .*"[^"]+" \d+ %/,
    )
  })

  it('gives every scale and every operator with weights a share', () => {
    const { tensors, operators, quantizations } = JSON.parse(reportOf('one')) as Report
    const { noise } = quantizations[0]!
    expect(noise?.samples).toBe(2)
    for (const [i, { name, scaleOf }] of tensors.entries()) {
      expect(noise!.tensors[i] !== null, name).toBe(scaleOf === name)
    }
    for (const [i, { name, kind }] of operators.entries()) {
      expect(noise!.weights[i] !== null, name).toBe(kind === 'conv' || kind === 'matmul')
    }
  })

  it('gives the same bytes with another number of workers', async () => {
    expect((await run('two', '--noise-shares', '2', '-cn', '2')).status).toBe(0)
    expect(reportOf('two')).toBe(reportOf('one'))
  }, 120_000)

  it('is null where nobody asked', async () => {
    expect((await run('none')).status).toBe(0)
    expect((JSON.parse(reportOf('none')) as Report).quantizations[0]!.noise).toBeNull()
  }, 120_000)
})
