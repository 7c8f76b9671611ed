import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ConfigOptions, makeConfig } from '../../src/config/config.js'
import { silentReporter } from '../../src/report/types.js'
import { quantize } from '../../src/runs/quantize.js'
import { calibrateShare } from '../../src/shares/calibrateShare.js'
import { evaluateShare } from '../../src/shares/evaluateShare.js'
import { mergeFiles } from '../../src/shares/mergeFiles.js'
import { contents, fixture, temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny({ inputs: { x: ['n', 4] } }), folder, 'tiny.onnx')
const exact = { allowMixed: false, partial: false }

const base: ConfigOptions = {
  model,
  userScript: fixture('floatSums.mjs'),
  inferFunction: 'dataset',
  modes: ['min_max'],
  iterations: [40, 300],
  evalIteration: 'all',
  onBadSample: 'skip',
  refine: 'best',
  zeroPoints: 'none',
  compareIteration: 0,
  cpuNum: 1,
}
const config = (more: Partial<ConfigOptions>) => makeConfig({ ...base, ...more })

/** The parts of a run in `of` shares, and where they are. */
async function calibrated(name: string, of: number): Promise<string[]> {
  const paths: string[] = []
  for (let part = 1; part <= of; part++) {
    const saveDir = join(folder, name)
    paths.push((await calibrateShare(config({ saveDir, part: `${part}/${of}` }), silentReporter)).path)
  }
  return paths
}

const merged = async (paths: readonly string[], name: string, partial = false) => {
  const output = join(folder, name)
  await mergeFiles(paths, output, { ...exact, partial })
  return output
}

describe('a run in shares', () => {
  let reference: Record<string, string>
  let whole: string
  beforeAll(async () => {
    const saveDir = join(folder, 'one-machine')
    await quantize(config({ saveDir }), silentReporter)
    reference = contents(saveDir)
    ;[whole] = (await calibrated('whole', 1)) as [string]
  })

  test.each([1, 2, 3, 7])('in %i parts writes the files of one machine, byte for byte', async (of) => {
    const stats = await merged((await calibrated(`of-${of}`, of)).reverse(), `stats-${of}.arrow`)
    expect(readFileSync(stats).equals(readFileSync(whole))).toBe(true)

    const saveDir = join(folder, `quantized-${of}`)
    const parts: string[] = []
    for (let part = 1; part <= of; part++) {
      const one = config({ saveDir: join(folder, `of-${of}`), stats, part: `${part}/${of}` })
      parts.push((await evaluateShare(one, silentReporter)).path)
    }
    const evaluation = await merged(parts, `evaluation-${of}.arrow`)
    await quantize(config({ saveDir, stats, evaluation }), silentReporter)
    expect(contents(saveDir)).toEqual(reference)
  })

  test('evaluates by itself when it is given the statistics alone', async () => {
    const saveDir = join(folder, 'stats-alone')
    await quantize(config({ saveDir, stats: whole }), silentReporter)
    expect(contents(saveDir)).toEqual(reference)
  })
})
