import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { bars } from './bars.js'
import { contents, fixture, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const model = write(bars(), folder, 'bars.onnx')
const base = ['quant', '-m', model, '-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '24', '-qm', 'all']
const size = { SQUIRE_TEST_SIZE: '24' }

async function outputs(name: string, more: readonly string[], env: Record<string, string> = {}) {
  const out = join(folder, name)
  const ended = await squire([...base, '-s', out, ...more], { ...size, ...env })
  expect(ended.stderr).not.toContain('error')
  expect(ended.status).toBe(0)
  return contents(out)
}

describe('same model, same samples, same options: same bytes', () => {
  let reference: Record<string, string>
  beforeAll(async () => {
    reference = await outputs('one-worker', ['-cn', '1'])
  })

  test('the reference run writes the statistics, a report and five quantizations with their models and scales', () => {
    const files = Object.keys(reference)
    expect(files).toContain('stats.arrow')
    expect(files).toContain('report.json')
    for (const mode of ['kl', 'kl_v2', 'min_max', 'mse', 'percentile']) {
      for (const file of [
        `bars_quantize.onnx`,
        `bars_qdq.onnx`,
        `bars_scale.json`,
        'steps/output_all_layers_quantize.onnx',
      ]) {
        expect(files).toContain(`${mode}_it_24/${file}`)
      }
    }
    expect(files.filter((file) => /tmp|checkpoint/.test(file))).toEqual([])
  })

  test.each([
    [3, 'reversed'],
    [7, 'shuffled'],
  ])('%i workers, %s data', async (workers, order) => {
    const env = { SQUIRE_TEST_ORDER: order }
    expect(await outputs(`workers-${workers}`, ['-cn', String(workers)], env)).toEqual(reference)
  })
})
