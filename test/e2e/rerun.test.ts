// Runs that go on from what another run wrote: its models, its statistics, its files compared.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { refusedHere, runHere } from './here.js'
import { contents, fixture, squire, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
const script = (name: string) => ['-uds', fixture('tiny.mjs'), '-if', name]

const short = ['--zero-points', 'none', '--compare-iteration', '0']
const quantize = (out: string, ...args: string[]) => {
  const mode = args.includes('-qm') ? [] : ['-qm', 'min_max']
  return runHere(['-m', model, '-s', join(folder, out), ...script('dataset'), '-cn', '1', ...short, ...mode, ...args])
}

describe('-r infer', () => {
  beforeAll(() => Promise.all([quantize('real', '-i', '12', '-od'), quantize('integers', '-i', '12')]))

  const metricOf = async (path: string, name: string) => {
    const args = ['-r', 'infer', '-m', join(folder, path), ...script(name), '-i', '12']
    const { result } = await runHere([...args, '-cn', '1', '-s', join(folder, 'unused')])
    return result.results[0]!.fixMetric!
  }

  // The metric is a ratio of outputs, so it is the same for integers and for what they stand for.
  test.each(['dataset', 'infer'])('runs every model that squire reads or writes (%s)', async (name) => {
    const written = ['tiny_quantize.onnx', 'tiny_qdq.onnx', 'steps/output_all_layers_quantize.onnx']
    const paths = ['tiny.onnx', 'real/tiny_quantize.onnx', ...written.map((file) => `integers/${file}`)]
    const [float, ...others] = await Promise.all(paths.map((path) => metricOf(path, name)))
    expect(float).toBeGreaterThan(0.7)
    for (const metric of others) expect(Math.abs(metric / float! - 1)).toBeLessThan(0.01)
  })
})

describe('--json', () => {
  test('stdout is one JSON document, and the log is elsewhere', async () => {
    const words = ['quant', '-m', model, '-s', join(folder, 'json'), ...script('dataset'), '-i', '12']
    const { stdout, stderr } = await squire([...words, ...short, '-qm', 'kl', 'mse', '--json', '-l', '0'])
    const document = JSON.parse(stdout)
    expect(document.saveDir).toBe(join(folder, 'json'))
    expect(document.results.map(({ mode }: { mode: string }) => mode).sort()).toEqual(['kl', 'mse'])
    expect(stderr).toContain('stage 5')
  })

  test('stdout is empty when the run fails', async () => {
    const out = join(folder, 'json-failed')
    const ended = await squire(['quant', '-m', model, '-s', out, ...script('inferThrows'), '--json'])
    expect(ended).toMatchObject({ status: 3, stdout: '' })
    expect(ended.stderr).toContain('my loader broke')
  })
})

describe.each(['dataset', 'infer'])('-cd with %s', (name) => {
  const cache = join(folder, `cache-${name}`, 'distribution.arrow')
  const args = ['-if', name, '-i', '12']
  beforeAll(() => quantize(`first-${name}`, ...args, '-qm', 'mse', '-cd', cache))

  test('another mode needs no calibration, and gives the bytes of a fresh run', async () => {
    const [cached, fresh] = await Promise.all([
      quantize(`cached-${name}`, ...args, '-qm', 'kl', '-cd', cache),
      quantize(`fresh-${name}`, ...args, '-qm', 'kl'),
    ])
    expect(cached.said).not.toContain('calibrating')
    expect(fresh.said).toContain('calibrating')
    expect(contents(join(folder, `cached-${name}`))).toEqual(contents(join(folder, `fresh-${name}`)))
  })
})

describe.concurrent('a cache that does not fit is refused and stays as it is', () => {
  const cache = join(folder, 'cache.arrow')
  beforeAll(() => quantize('cached', '-i', '12', '-cd', cache))

  test.each([
    ['other data', ['-if', 'otherData', '-i', '12'], /its data is [0-9a-f]+…, this run's is [0-9a-f]+…/],
    ['fewer samples', ['-i', '8'], /its choice of samples is -i 12 .*, this run's is -i 8 /],
  ])('%s', async (_, args, reason) => {
    const before = readFileSync(cache)
    const error = await refusedHere(folder, 3, ['-m', model, ...script('dataset'), ...args, '-cd', cache])
    expect(error).toContain(`the distribution cache ${cache} does not belong to this run`)
    expect(error).toMatch(reason)
    expect(readFileSync(cache)).toEqual(before)
  })

  test('a file that is no statistics', async () => {
    const path = join(folder, 'notes.txt')
    writeFileSync(path, 'notes')
    const error = await refusedHere(folder, 3, ['-m', model, ...script('dataset'), '-i', '12', '-cd', path])
    expect(error).toContain(`${path} cannot be used: it is not an Arrow file`)
    expect(readFileSync(path, 'utf8')).toBe('notes')
  })
})

describe('several -i values', () => {
  test('are one quantization each, the same as alone', async () => {
    const words = ['-m', model, ...script('dataset'), '-cn', '1', ...short, '-qm', 'kl', 'mse']
    const [{ stdout }] = await Promise.all([
      squire(['quant', ...words, '-s', join(folder, 'several'), '-i', '8', '12']),
      runHere([...words, '-s', join(folder, 'alone'), '-i', '12']),
    ])
    const names = ['kl_it_12', 'kl_it_8', 'mse_it_12', 'mse_it_8']
    for (const name of names) expect(stdout).toMatch(new RegExp(`│ tiny\\.onnx .* ${name} `))
    const folders = (out: string) => [
      ...new Set(Object.keys(contents(join(folder, out))).flatMap((path) => path.match(/^\w+_it_\d+(?=\/)/) ?? [])),
    ]
    expect(folders('several')).toEqual(names)
    expect(folders('alone')).toEqual(['kl_it_12', 'mse_it_12'])
    for (const name of folders('alone')) {
      expect(contents(join(folder, 'several', name))).toEqual(contents(join(folder, 'alone', name)))
    }
  })
})
