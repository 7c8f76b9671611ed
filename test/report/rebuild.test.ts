import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { rebuiltReport } from '../../src/report/rebuild.js'
import { temporaryFolder } from '../onnx/folder.js'

const at = temporaryFolder()

it('a run whose files are damaged is told with the file and the place', async () => {
  mkdirSync(at('run'))
  const write = (name: string, text: string) => writeFileSync(`${at('run')}/${name}`, text)
  write('report.json', '{ "tensors": [')
  await expect(rebuiltReport([at('run')])).rejects.toThrow('report.json:1:15: this is no JSON: expected')
  write('report.json', '{ "tensors": [], "quantizations": [], "versions": {}, "model": "net.onnx" }')
  expect(await rebuiltReport([at('run')])).toContain('<title>net.onnx')
  for (const text of ['', '{bad']) {
    write('run.json', text)
    await expect(rebuiltReport([at('run')])).rejects.toThrow('run.json:1:')
  }
})
