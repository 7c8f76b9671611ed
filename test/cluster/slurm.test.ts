import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contents, fixture, plain, squire, start, temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'
import { type Slurm, slurmIsMissing, startSlurm } from './slurm.js'

const missing = slurmIsMissing()
if (missing !== undefined) process.stderr.write(`SKIPPED: the test on a real Slurm, because ${missing}\n`)

/** What a run writes but for the folder of the cluster itself. */
const results = (folder: string) =>
  Object.fromEntries(Object.entries(contents(folder)).filter(([name]) => !name.startsWith('cluster/')))

describe.skipIf(missing !== undefined)(
  `on a real Slurm of two nodes${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    let slurm: Slurm
    beforeAll(async () => {
      slurm = await startSlurm()
    })
    afterAll(() => slurm?.stop())

    test('a node that dies in mid-run costs its part, which is repeated, and the results are those of one machine', async () => {
      const folder = temporaryFolder()
      const model = write(tiny({ inputs: { x: ['n', 4] } }), folder, 'tiny.onnx')
      const run = ['-m', model, '-uds', fixture('floatSums.mjs'), '-if', 'dataset', '-i', '300', '-cn', '1']
      const options = [...run, '--on-bad-sample', 'skip', ...plain]
      const one = join(folder, 'one')
      expect((await squire(['quant', ...options, '-s', one])).status).toBe(0)

      const many = join(folder, 'many')
      // Samples are slow, so that parts are still running when the node dies.
      const env = { ...slurm.env, SQUIRE_TEST_DELAY: '20' }
      const submitted = start(['cluster', 'slurm', '--parts', '3', '--submit', ...options, '-s', many], env)
      const parts = join(many, 'cluster')
      const done = () => (existsSync(parts) ? readdirSync(parts).filter((name) => name.endsWith('.arrow')) : [])
      while (!slurm.busyNodes().includes('n2') || done().length === 0) await sleep(100)
      slurm.killNode('n2')

      const { status, stderr } = await submitted.ended
      expect(stderr).toContain('of 6 parts')
      expect({ status, stderr }).toMatchObject({ status: 0 })
      expect(results(many)).toEqual(results(one))
    }, 240_000)
  },
)
