// What squire writes for engines: Kubernetes manifests against the published schema, shell scripts as a shell reads them, GNU parallel for real.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Job } from 'kubernetes-models/batch/v1/Job'
import { describe, expect, test } from 'vitest'
import { contents, fixture, plain, squire, temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const folder = temporaryFolder()
const model = write(tiny({ inputs: { x: ['n', 4] } }), folder, "it's tiny.onnx")
const run = ['-m', model, '-uds', fixture('tiny.mjs'), '-if', 'dataset', '-i', '12', ...plain, '-cn', '1']

const cluster = async (name: string, ...words: string[]) => {
  const out = join(folder, name)
  const ended = await squire(['cluster', ...words, ...run, '-s', out])
  return { out, ended, file: (file: string) => readFileSync(join(out, 'cluster', file), 'utf8') }
}

/** Whether bash can read a script. */
const syntaxOf = (script: string) => spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })

describe('squire cluster', () => {
  test('kubernetes writes Jobs that the published schema takes, each after the one before', async () => {
    const { ended, file } = await cluster(
      'k8s',
      'kubernetes',
      '--parts',
      '20',
      '--image',
      'me/squire',
      '--claim',
      `data:${folder}`,
    )
    expect(ended).toMatchObject({ status: 0 })
    const { items } = JSON.parse(file('jobs.json'))
    for (const item of items) new Job(item).validate()
    expect(items.map(({ spec }: Job) => [spec?.completions, spec?.completionMode, spec?.suspend])).toEqual([
      [20, 'Indexed', false],
      [undefined, undefined, true],
      [20, 'Indexed', true],
      [undefined, undefined, true],
    ])
    for (const item of items)
      expect(syntaxOf(item.spec.template.spec.containers[0].command[2])).toMatchObject({ stderr: '' })
    expect(syntaxOf(file('submit.sh'))).toMatchObject({ stderr: '' })
  })

  test.each([
    [['kubernetes', '--image', 'me/squire', '--claim', 'data:/data'], '--model (-m) is ', 'expected a path in /data'],
    [['parallel', '-r', 'infer'], '--run-mode (-r) infer', 'runs --run-mode (-r) quant only'],
  ])('refuses at once what every machine would: %s', async (words, what, problem) => {
    const { ended, out } = await cluster('refused', ...words, '--parts', '2')
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(what)
    expect(ended.stderr).toContain(problem)
    expect(existsSync(out)).toBe(false)
  })

  test('kubernetes takes data that are all of the claim', async () => {
    const words = ['--parts', '2', '--image', 'me/squire', '--claim', `data:${folder}`, '-m', model, '-d', folder]
    const ended = await squire(['cluster', 'kubernetes', ...words, '-i', '4', '-s', join(folder, 'whole')])
    expect(ended).toMatchObject({ status: 0 })
  })

  test('refuses random inputs, which cannot be divided', async () => {
    const ended = await squire(['cluster', 'parallel', '--parts', '2', '-m', model, '-s', join(folder, 'random')])
    expect(ended.stderr).toContain('squire cluster needs a dataset to divide')
  })

  test('the schema does refuse a manifest that is wrong', () => {
    expect(() => new Job({ spec: { completions: 'many' } } as never).validate()).toThrow()
  })

  test('slurm writes a job array for each step in parts, with options of sbatch', async () => {
    const { ended, file } = await cluster('slurm', 'slurm', '--parts', '3', '--sbatch-options=--partition=long')
    expect(ended).toMatchObject({ status: 0 })
    const script = file('calibrate.sbatch')
    expect(script).toContain('#SBATCH --array=1-3\n#SBATCH --requeue\n')
    expect(script).toContain('#SBATCH --partition=long\n')
    for (const name of ['calibrate', 'merge', 'evaluate', 'quantize'].map((step) => `${step}.sbatch`)) {
      expect(syntaxOf(file(name))).toMatchObject({ stderr: '' })
    }
    expect(file('submit.sh')).toContain('--dependency="afterok:$merge"')
  })

  const found = spawnSync('parallel', ['--version']).status === 0
  if (!found)
    process.stderr.write('SKIPPED: the test that runs GNU parallel, because it is not installed (Debian: parallel)\n')
  test.skipIf(!found)('parallel runs the parts here, and gives the results of one machine', async () => {
    const one = join(folder, 'one')
    expect(await squire(['quant', ...run, '-s', one])).toMatchObject({ status: 0 })
    const { ended, out } = await cluster('many', 'parallel', '--parts', '2', '--submit')
    expect(ended).toMatchObject({ status: 0 })
    expect(ended.stderr).toMatch(/parts on the cluster: 4 parts in/)
    const results = Object.fromEntries(Object.entries(contents(out)).filter(([name]) => !name.startsWith('cluster/')))
    expect(results).toEqual(contents(one))
    // Started again, it finds its parts: nothing is calibrated or evaluated twice.
    const again = execFileSync('bash', [join(out, 'cluster', 'submit.sh')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(again.match(/was there already/g)).toHaveLength(4)
  })

  test.each([
    [['slurm'], 'into how many parts?'],
    [['lsf', '--parts', '2'], 'expected one engine, "slurm", "kubernetes" or "parallel", got "lsf"'],
    [['kubernetes', '--parts', '2'], 'pods need --image'],
    [['slurm', '--parts', '2', '--part', '1/2'], 'squire cluster makes parts and merges them itself: leave --part out'],
    [['slurm', '--parts', '2', '--stats', 'a.arrow'], 'leave --stats out'],
  ])('%j is refused with what is missing', async (words, message) => {
    const { ended } = await cluster('refused', ...words)
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain(message)
  })
})
