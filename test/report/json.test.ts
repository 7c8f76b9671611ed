import { expect, it } from 'vitest'
import { makeConfig } from '../../src/config/config.js'
import { reportJson, reportOf } from '../../src/report/json.js'
import type { RunResult } from '../../src/report/types.js'

const result = (saveDir: string, seconds: number): RunResult => ({
  saveDir,
  results: [],
  skipped: [],
  stageSeconds: { solving: seconds },
})
const layers = { operators: [], tensors: [], qRange: [0, 31], quantizations: [] } as const
const origin = {
  versions: { squire: '1', onnxruntime: '1' },
  hashes: { model: 'cd', userScript: null },
  data: { digest: 'ab', samples: 500 },
}
const written = (run: RunResult, options: Parameters<typeof makeConfig>[0]) =>
  reportJson(reportOf(run, makeConfig(options), origin, layers))

it('report.json does not depend on time, place or the number of workers', () => {
  const one = written(result('/a', 1), { model: '/x/net.onnx', saveDir: '/a', data: '/x/data', cpuNum: 1 })
  const more = { cpuNum: 7, logLevel: 0, json: true, resume: true } as const
  const other = written(result('/b', 2), { model: '/y/net.onnx', saveDir: '/b', data: '/y/data', ...more })
  expect(one).toBe(other)
})

it('report.json has a key for what was not given, and all parts of the report', () => {
  const report = JSON.parse(written(result('/a', 1), { model: 'net.onnx' }))
  expect(report.options).toMatchObject({ inferFunction: null, evalIteration: null, modes: ['auto'] })
  expect(Object.keys(report)).toEqual([
    ...['model', 'options', 'results', 'mix', 'skipped', 'versions', 'hashes', 'data'],
    ...['operators', 'tensors', 'qRange', 'quantizations', 'advice'],
  ])
})
