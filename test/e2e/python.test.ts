// The bridge to Python with a bare interpreter: none of these tests needs a package. pythonPackages.test.ts has those that do.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { barePython, bareScript } from '../dataset/script/python/interpreters.js'
import { refused } from './refused.js'
import { contents, plain, squire, start, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const python = barePython(folder)
if (python === undefined)
  process.stderr.write('SKIPPED: test/e2e/python.test.ts, there is no python3 of 3.8 or later\n')
else process.stderr.write('test/e2e/python.test.ts runs with python3 -S: without numpy or any other package\n')

const model = write(tiny(), folder, 'tiny.onnx')
const dynamic = write(tiny({ inputs: { x: ['n', 4] } }), folder, 'dynamic.onnx')
const use = (name: string) => ['-uds', bareScript, '-if', name, '--python', python!]

async function quantize(out: string, name: string, ...args: string[]) {
  const ended = await squire(['quant', '-m', model, '-s', join(folder, out), ...use(name), ...plain, ...args])
  expect(ended.stderr).not.toContain('error')
  expect(ended.status).toBe(0)
  return ended
}

/** All but the options, which name the infer function. */
function scalesOf(out: string): unknown {
  const { options: _, ...scales } = JSON.parse(readFileSync(join(folder, out, 'tiny_scale.json'), 'utf8'))
  return scales
}

const metricOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout).results[0].floatMetric as number

describe.skipIf(python === undefined)('an infer function of a Python script', () => {
  test('quantizes and measures, with the same bytes for any number of workers', async () => {
    const { stdout } = await quantize('one', 'infer', '-i', '6', '-d', 'photos', '-cn', '1')
    expect(stdout).toContain('Quantization Loss: ')
    expect(stdout).toContain('dataset photos, save_dir one')
    await quantize('two', 'infer', '-i', '6', '-d', 'photos', '-cn', '2')
    expect(contents(join(folder, 'two'))).toEqual(contents(join(folder, 'one')))
  })

  test('in three interpreters, or from threads, gives the statistics of one', async () => {
    await quantize('threads', 'threads', '-i', '7')
    await quantize('shared', 'shared', '-i', '7')
    expect(scalesOf('shared')).toEqual(scalesOf('threads'))
  })

  test('a batch of a dynamic model is spread over workers, and comes back whole', async () => {
    const args = ['quant', '-m', dynamic, ...use('infer'), ...plain, '--json', '-i', '2', '-bs', '3', '-s']
    const [two, one] = await Promise.all(
      ['2', '1'].map((workers) => squire([...args, join(folder, `batch-${workers}`), '-cn', workers])),
    )
    expect(metricOf(two!)).toBe(metricOf(one!))
    expect(metricOf(two!)).not.toBe(0)
  })

  test('runs again where the statistics come from a cache: the call that was held is unwound first', async () => {
    const cache = ['-cd', join(folder, 'cache.arrow'), '-i', '4']
    await quantize('cached-1', 'infer', ...cache)
    await quantize('cached-2', 'infer', ...cache)
    expect(contents(join(folder, 'cached-2'))).toEqual(contents(join(folder, 'cached-1')))
  })

  test('runs the integer model, and the one with every layer', async () => {
    await quantize('real', 'infer', '-i', '6', '-od')
    for (const [file, name, least] of [
      ['tiny_quantize.onnx', 'infer', 0.5],
      ['steps/output_all_layers_quantize.onnx', 'all_layers', 2],
    ] as const) {
      const args = ['quant', '-r', 'infer', '-m', join(folder, 'real', file), ...use(name), '-i', '6', '--json']
      const { stdout, stderr } = await squire([...args, '-s', join(folder, 'unused')])
      expect(stderr).not.toContain('error')
      expect(JSON.parse(stdout).results[0].metric).toBeGreaterThanOrEqual(least)
    }
  })

  test('leaves stdout to the result with --json', async () => {
    const { stdout, stderr } = await quantize('prints-json', 'prints', '--json')
    expect(() => JSON.parse(stdout)).not.toThrow()
    expect(stderr).toContain('to stdout\n')
    expect(stderr).toContain('\r 50%|#####     |\r100%|##########|\n')
  })
})

describe.skipIf(python === undefined)('a mistake', () => {
  test.each([
    ['nan', 'infer function "nan" returned NaN'],
    ['nothing', 'infer function "nothing" returned without calling executor.forward'],
    ['absent', 'registers no infer function "absent" (-if): it has "infer", '],
  ])('%s', async (name, what) => {
    expect(await refused(folder, 3, ['-m', model, ...use(name), '-i', '4'])).toContain(what)
  })

  test('that runs no forward is told in words of Python', async () => {
    const error = await refused(folder, 3, ['-m', model, ...use('nothing'), '-i', '4'])
    expect(error).toContain('Call executor.forward(input, ...) once for each of executor.iteration batches')
    expect(error).not.toContain('defineDataset')
  })

  test('an interpreter or script that is not there', async () => {
    const missing = ['-m', model, '-uds', bareScript, '-if', 'infer', '--python']
    expect(await refused(folder, 3, [...missing, 'no-such-python'])).toContain('there is no such command. Name an')
    expect(await refused(folder, 3, ['-m', model, '-uds', 'absent.py', '-if', 'infer'])).toContain('no such file: ')
  })
})

describe.skipIf(python === undefined)('the end of a run', () => {
  const hanging = async (env: Record<string, string> = {}) => {
    const run = start(['quant', '-m', model, '-s', join(folder, 'hanging'), ...use('hangs')], env)
    const pids = await new Promise<number[]>((resolve) => {
      let text = ''
      run.child.stdout.on('data', (data) => {
        text += data
        const found = /pids (\d+) (\d+)/.exec(text)
        if (found !== null) resolve(found.slice(1).map(Number))
      })
    })
    return { ...run, pids }
  }

  test('Ctrl-C ends the script too, in order, and all that it has started', async () => {
    const { child, ended, pids } = await hanging()
    child.kill('SIGINT')
    const { status, stdout, stderr } = await ended
    expect(status).toBe(130)
    expect(stderr).toContain('interrupted after 1 forward')
    expect(stderr).not.toContain('Traceback')
    expect(stdout).toContain('cleaned up')
    await gone(pids)
  })

  test('a squire that is killed leaves no interpreter behind', async () => {
    const { child, ended, pids } = await hanging()
    process.kill(-child.pid!, 'SIGKILL')
    await ended
    await gone(pids)
  })

  test('a script that hangs is told of, with the line where it is', async () => {
    const { child, ended } = await hanging({ SQUIRE_SILENCE_SECONDS: '0.3' })
    const warned = new Promise((resolve) =>
      child.stderr.on('data', (data) => /it is at/.test(String(data)) && resolve(0)),
    )
    await warned
    child.kill('SIGINT')
    expect((await ended).stderr).toMatch(
      /nothing heard of infer function "hangs" for \d+ s; it is at .*bare\.py:\d+, in hangs/,
    )
  })
})

/** Waits until none of these processes is alive. */
async function gone(pids: readonly number[]): Promise<void> {
  for (let waited = 0; waited < 100 && pids.some(isAlive); waited++) await setTimeout(50)
  expect(pids.filter(isAlive)).toEqual([])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
