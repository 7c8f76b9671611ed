import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { classifier, contents, fixture, squire, temporaryFolder } from './squire.js'

const folder = temporaryFolder()
const base = ['quant', '-m', classifier, '-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '24', '-qm', 'all']
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
      const model = 'ch_ppocr_mobile_v2.0_cls_infer'
      for (const file of [
        `${model}_quantize.onnx`,
        `${model}_qdq.onnx`,
        `${model}_scale.json`,
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
