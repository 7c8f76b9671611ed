// `squire cluster kubernetes --submit`, with a kubectl that runs the pods here: whether jobs are applied, resumed in order and waited for.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { contents, fixture, plain, squire, temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny({ inputs: { x: ['n', 4] } }), folder, 'tiny.onnx')
const run = ['-m', model, '-uds', fixture('tiny.mjs'), '-if', 'dataset', '-i', '12', ...plain, '-cn', '1']
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

const bin = join(folder, 'bin')
mkdirSync(bin)
const script = `#!/bin/bash\nexec '${process.execPath}' '${path('fixtures/kubectl.mjs')}' "$@"\n`
writeFileSync(join(bin, 'kubectl'), script)
chmodSync(join(bin, 'kubectl'), 0o755)

async function submitted(name: string, env: Readonly<Record<string, string>> = {}) {
  const state = join(folder, `state-${name}`)
  mkdirSync(state)
  const words = ['--parts', '2', '--image', 'me/squire', '--claim', `data:${folder}`, '--namespace', 'lab', '--submit']
  const command = ['--squire', `${process.execPath} ${path('../../dist/src/main.js')}`]
  const out = join(folder, name)
  const ended = await squire(['cluster', 'kubernetes', ...words, ...command, ...run, '-s', out], {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    KUBE_STATE: state,
    ...env,
  })
  const calls: string[][] = readFileSync(join(state, 'calls'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { ended, out, calls }
}

test('Kubernetes is given the jobs and resumes each after the one before; the results are those of one machine', async () => {
  const one = join(folder, 'one')
  expect(await squire(['quant', ...run, '-s', one])).toMatchObject({ status: 0 })
  const { ended, out, calls } = await submitted('many')
  expect(ended).toMatchObject({ status: 0 })
  expect(ended.stderr).toMatch(/parts on the cluster: 4 parts in/)
  const results = Object.fromEntries(Object.entries(contents(out)).filter(([name]) => !name.startsWith('cluster/')))
  expect(results).toEqual(contents(one))
  const steps = ['calibrate', 'merge', 'evaluate', 'quantize'].map((step) => `squire-${step}`)
  expect(
    calls.map(([, namespace, verb, kind, name]) => `${namespace} ${verb} ${verb === 'apply' ? kind : name}`),
  ).toEqual(['lab apply --filename', ...steps.flatMap((step) => [`lab patch ${step}`, `lab get ${step}`])])
})

test('a job that fails ends the run, which says which job it was', async () => {
  const { ended, calls } = await submitted('failing', { KUBE_FAIL: 'squire-merge' })
  expect(ended.status).toBe(5)
  expect(ended.stderr).toContain('job squire-merge has failed: kubectl describe job squire-merge')
  expect(ended.stderr).toContain('the run on the cluster has failed')
  expect(calls.some(([, , verb, , name]) => verb === 'patch' && name === 'squire-evaluate')).toBe(false)
})
