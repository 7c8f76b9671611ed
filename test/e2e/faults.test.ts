import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { bars } from './bars.js'
import { faults } from './faulty.js'
import { contents, fixture, plain, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const model = write(bars(), folder, 'bars.onnx')
const script = ['-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '96']
const base = ['quant', '-m', model, ...script, ...plain, '-cn', '2']

describe('a run that loses workers', () => {
  let reference: Record<string, string>
  beforeAll(async () => {
    const out = join(folder, 'reference')
    expect((await squire([...base, '-s', out])).status).toBe(0)
    reference = contents(out)
  })

  test.each([
    ['process.exit in user code', { 3: 'exit', 11: 'exit', 70: 'exit' }],
    ['process.exit on the very first sample', { 0: 'exit' }],
    ['an exception that nobody catches', { 5: 'uncaught' }],
    ['the heap limit', { 7: 'memory' }],
    ['a native abort of the whole process', { 9: 'abort', 67: 'abort' }],
    ['an engine that the system kills', { 9: 'kill', 67: 'kill' }],
  ])('survives %s, and writes the same bytes', async (name, samples) => {
    const out = join(folder, name.replaceAll(/\W/g, '-'))
    // A small heap, so that the one test that fills it need not fill gigabytes.
    const env = { ...faults(folder, name, samples), NODE_OPTIONS: '--max-old-space-size=300' }
    const ended = await squire([...base, '-s', out], env)
    expect(ended.stderr).toMatch(/died|crashed|killed/)
    expect(ended.status).toBe(0)
    expect(contents(out)).toEqual(reference)
  })

  test('gives up on a sample that always ends its worker, and names it', async () => {
    const out = join(folder, 'always')
    const ended = await squire([...base, '-s', out], faults(folder, 'always', { 4: 'always exit' }))
    expect(ended.status).toBe(5)
    expect(ended.stderr).toContain('a worker died 3 times while it processed sample "line-0004": ')
    expect(ended.stderr).not.toMatch(/\n\s+at /)
    expect(Object.keys(existsSync(out) ? contents(out) : {}).filter((file) => file.endsWith('.onnx'))).toEqual([])
  })
})

describe('bad samples', () => {
  test.each([1, 3, 7])('of several, the same one is named by %i workers', async (workers) => {
    const out = join(folder, `several-${workers}`)
    const several = faults(folder, `several-${workers}`, { 40: 'always throw', 94: 'always throw', 95: 'always nan' })
    const ended = await squire([...base, '-cn', String(workers), '-s', out], several)
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('line-0040')
    expect(ended.stderr).not.toMatch(/line-009[45]/)
  })

  test.each([
    ['throw', 'the file is damaged'],
    ['nan', 'NaN'],
  ])('a sample that fails (%s) ends the run with its name', async (kind, reason) => {
    const ended = await squire(
      [...base, '-s', join(folder, `bad-${kind}`)],
      faults(folder, `bad-${kind}`, { 6: `always ${kind}` }),
    )
    expect(ended.status).toBe(3)
    expect(ended.stderr).toContain('line-0006')
    expect(ended.stderr).toContain(reason)
    expect(ended.stderr).not.toMatch(/\n\s+at /)
  })

  test('--on-bad-sample skip leaves them out, counts them and lists them in the report', async () => {
    const out = join(folder, 'skip')
    const env = faults(folder, 'skip', { 0: 'always throw', 6: 'always nan', 23: 'always throw' })
    const ended = await squire([...base, '-s', out, '--on-bad-sample', 'skip'], env)
    expect(ended.status).toBe(0)
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    expect(report.skipped.map((sample: { id: string }) => sample.id)).toEqual(['line-0000', 'line-0006', 'line-0023'])
  })
})
