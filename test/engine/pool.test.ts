// The pool with real workers: answers, failures that are explained, and what is left when a worker dies.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Pool } from '../../src/engine/pool.js'
import type { SamplesTask } from '../../src/engine/protocol.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const folder = temporaryFolder()
const inputs = [{ name: 'x', dataType: 1, dims: [1, 4] }]
const model = { path: write(tiny(), folder, 'tiny.onnx'), serial: 0, inputs, outputs: ['y'] }
const script = join(folder, 'data.mjs')
writeFileSync(
  script,
  `export const dataset = {
    size: () => 6,
    load(index) {
      if (index === 3) process.exit(7)
      if (index === 4) throw new Error('damaged')
      return { inputs: [{ data: Float32Array.of(index, 1, 2, 3), dims: [1, 4] }] }
    },
  }`,
)

const deaths: string[] = []
const pool = new Pool({ threads: 2, onDeath: (what) => deaths.push(what) })
afterAll(() => pool.close())

const source = { kind: 'user' as const, script, exportName: 'dataset', data: undefined, batchSize: 1 }
const samplesOf = (...indices: number[]): SamplesTask => ({
  kind: 'samples',
  models: [model],
  source,
  samples: indices.map((index) => ({ index, id: String(index).padStart(8, '0') })),
  observation: undefined,
  samplesPerForward: 1,
  measure: false,
  inputDims: undefined,
  onBadSample: 'error',
  stop: new SharedArrayBuffer(4),
})

describe('a task', () => {
  test('is answered', async () => {
    expect(await pool.samples(samplesOf(0, 1))).toMatchObject({ kind: 'done', skipped: [], observed: 0 })
    const { thresholds } = await pool.solve({
      kind: 'solve',
      histograms: [observe(emptyHistogram(), Float32Array.of(1, -4))],
      modes: ['min_max'],
      percent: 1,
      qmax: [127],
    } as Parameters<Pool['solve']>[0])
    expect(thresholds).toEqual([[4]])
  })

  test('is answered as well by fewer threads than there were', async () => {
    await pool.plan(1)
    expect(pool.threads).toBe(1)
    expect(await pool.samples(samplesOf(0, 1))).toMatchObject({ kind: 'done', skipped: [] })
  })

  test('that is stopped says so', async () => {
    const task = samplesOf(0, 1)
    new Int32Array(task.stop)[0] = 1
    expect(await pool.samples(task)).toEqual({ kind: 'stopped' })
  })

  test('that fails for a reason is an error of that reason, with the stack of where it was thrown', async () => {
    const error = await pool.samples(samplesOf(0, 4)).catch((failure: Error) => failure)
    expect(error).toMatchObject({
      code: 'DATA',
      message: expect.stringMatching(/^sample "00000004": load\(4\) threw: damaged/),
    })
    expect((error as Error).stack).toContain('workers/')
  })

  test('that always ends its worker is given up, the culprit is named, and the pool goes on', async () => {
    deaths.length = 0
    await expect(pool.samples(samplesOf(0, 1, 2, 3))).rejects.toMatchObject({
      code: 'WORKER',
      message: expect.stringContaining('a worker died 3 times while it processed sample "00000003"'),
    })
    expect(deaths).toHaveLength(3)
    expect(await pool.samples(samplesOf(5))).toMatchObject({ kind: 'done' })
  })
})
