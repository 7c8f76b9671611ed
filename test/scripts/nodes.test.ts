// Some of ONNX's own tests of operators, as Debian packages them (libonnx-testdata), through whole runs of squire: what the script of docs/nodes.md does
// with all of them.

import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { measure } from '../../scripts/nodes/measure.js'
import { page, type Run } from '../../scripts/nodes/page.js'
import { readTest, testNames } from '../../scripts/nodes/tests.js'
import { temporaryFolder } from '../e2e/squire.js'

const folder = '/usr/share/libonnx-testdata/data'
const present = existsSync(folder)
if (!present) console.warn(`\nSKIPPED: ONNX's tests of operators, for want of ${folder} (Debian: libonnx-testdata).\n`)

const workspace = temporaryFolder()

it.skipIf(!present)('there are a thousand', async () => {
  expect((await testNames(folder)).length).toBeGreaterThanOrEqual(1000)
})

it.skipIf(!present)('a test whose results are random is told apart', async () => {
  const test = await readTest(folder, 'node/test_bernoulli_double')
  expect(await measure(test, 'all', workspace)).toEqual({ kind: 'random' })
})

/** Operators of many families, with the least SQNR in dB that 8 bits of them keep on these samples. Scores that the caller feeds make room for masks. */
it.skipIf(!present).each([
  ['node/test_add_bcast', 40],
  ['node/test_averagepool_2d_pads_count_include_pad', 40],
  ['node/test_concat_3d_axis_1', 40],
  ['node/test_convtranspose_pad', 40],
  ['node/test_floor_example', 40],
  ['node/test_gru_defaults', 40],
  ['node/test_logsoftmax_axis_1', 35],
  ['node/test_matmul_4d', 40],
  ['node/test_reduce_l2_keep_dims_random', 40],
  ['node/test_scan9_sum', 40],
  ['node/test_softmax_axis_2', 33],
  ['node/test_top_k', 40],
] as const)('%s keeps %d dB in every form', async (name, least) => {
  const test = await readTest(folder, name)
  for (const form of ['all', 'first'] as const) {
    const outcome = await measure(test, form, workspace)
    if (outcome !== undefined) expect(outcome).toMatchObject({ kind: 'measured' })
    if (outcome?.kind === 'measured') expect(Math.min(outcome.integer!, outcome.qdq!)).toBeGreaterThan(least)
  }
})

it.skipIf(!present)('values at constant places between two others are those that ONNX Runtime takes', async () => {
  const test = await readTest(folder, 'node/test_gridsample_nearest')
  const outcome = await measure(test, 'first', workspace)
  expect(outcome).toMatchObject({ kind: 'measured', float: [] })
  if (outcome?.kind === 'measured') expect(outcome.integer).toBeGreaterThan(40)
})

it('the page counts what became of the runs, and lists what is far from the float model', () => {
  const measured = { kind: 'measured', integers: 2, float: [], integer: 20, qdq: 45, equal: undefined } as const
  const runs: Run[] = [
    { test: 'node/test_a', form: 'all', types: ['Abs'], outcome: measured },
    { test: 'node/test_b', form: 'all', types: ['Abs'], outcome: { ...measured, integer: 44.9, float: ['Abs: why'] } },
    { test: 'node/test_c', form: 'all', types: ['If'], outcome: { kind: 'refused', message: 'no "x"\nat all' } },
  ]
  const text = page(runs, 'made so')
  expect(text).toContain('| in integers | 1 |')
  expect(text).toContain('| Abs | 2 | 1 | 1 | 0 | 20.0, 44.9 | 45.0, 45.0 |  | Abs: why |')
  expect(text).toContain('| node/test_a | all | 20.0 | 45.0 |  |')
  expect(text).not.toContain('| node/test_b | all |')
  expect(text).toContain('| no "..." at all | 1 | node/test_c |')
})
