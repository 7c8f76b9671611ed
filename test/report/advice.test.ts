import { describe, expect, it } from 'vitest'
import { adviceLines } from '../../src/report/advice.js'
import type { RunResult } from '../../src/report/types.js'

const run = (...modes: readonly (readonly [string, number | undefined])[]): RunResult => ({
  saveDir: '/out',
  results: modes.map(([mode, loss]) => ({
    model: 'net.onnx',
    mode,
    iteration: 1,
    loss,
    floatMetric: 1,
    fixMetric: 1,
    directory: '.',
    files: [],
    error: undefined,
  })),
  skipped: [],
  stageSeconds: {},
})

describe('advice', () => {
  it('is silent where enough samples gave a small loss', () => {
    expect(adviceLines(run(['kl', 0.4]), 500)).toEqual([])
  })

  it('names other modes where kl alone lost much, or nobody measured', () => {
    expect(adviceLines(run(['kl', 47]), 500)[0]).toContain('try -qm kl_v2 mse')
    expect(adviceLines(run(['kl', undefined]), 500)[0]).toContain('try -qm kl_v2 mse')
    expect(adviceLines(run(['mse', 3]), 500)[0]).toContain('-qm all')
    expect(adviceLines(run(['mse', 3], ['kl', 5]), 500)).toEqual([])
  })

  it('says what is usual where there are few samples', () => {
    expect(adviceLines(run(['kl', 0]), 1)).toEqual([
      expect.stringContaining('calibrated on 1 sample. Usual are 500 to 1000'),
    ])
  })
})
