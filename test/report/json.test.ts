import { expect, it } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { reportJson } from '../../src/report/json.js'
import type { RunResult } from '../../src/report/types.js'

const config = async (words: string) => (await configure(words.split(' '))).config
const result = (saveDir: string, seconds: number): RunResult => ({
  saveDir,
  results: [],
  skipped: [],
  stageSeconds: { solving: seconds },
})

it('report.json does not depend on time, place or the number of workers', async () => {
  const one = reportJson(result('/a', 1), await config('quant -m /x/net.onnx -s /a -d /x/data -cn 1'))
  const other = reportJson(
    result('/b', 2),
    await config('quant -m /y/net.onnx -s /b -d /y/data -cn 7 -l 0 --json --resume'),
  )
  expect(one).toBe(other)
})

it('report.json has a key for what was not given, and the entries added to it', async () => {
  const report = JSON.parse(reportJson(result('/a', 1), await config('quant -m net.onnx'), { software: ['Softmax_0'] }))
  expect(report.options).toMatchObject({ inferFunction: null, evalIteration: null, modes: ['kl'] })
  expect(report.software).toEqual(['Softmax_0'])
})
