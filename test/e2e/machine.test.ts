// What a machine does to a run from outside: streams that nobody reads, few descriptors, signals to a process that is busy.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { requireDescriptors } from '../../src/cli/descriptors.js'
import { contents, fixture, limited, start, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
const args = (name: string, ...more: string[]) => [
  ...['-m', model, '-uds', fixture('tiny.mjs'), '-if', 'dataset', '-i', '12', '-cn', '1', '-s', join(folder, name)],
  ...more,
]

describe.concurrent('a stderr', () => {
  test.each([
    ['that is closed', 'exec 2>&-'],
    ['on a full device', 'exec 2>/dev/full'],
    ['whose reader has ended', 'exec 2> >(head -c 1 >/dev/null)'],
  ])('%s does not fail a run', async (name, redirection) => {
    const ended = await limited(redirection, args(name))
    expect(ended.status).toBe(0)
    expect(Object.keys(contents(join(folder, name)))).toContain('tiny_quantize.onnx')
  })
})

describe.concurrent('a stdout', () => {
  test.each([
    ['for JSON', ['--json']],
    ['for text', []],
  ])('%s on a full device is told at the end, and the files are there', async (name, more) => {
    const ended = await limited('exec >/dev/full', args(name, ...more))
    expect(ended.status).toBe(5)
    expect(ended.stderr).toContain('error: cannot write to standard output: ENOSPC')
    expect(Object.keys(contents(join(folder, name)))).toContain('tiny_quantize.onnx')
  })

  test('whose reader has ended does not fail a run', async () => {
    expect((await limited('exec > >(head -c 1 >/dev/null)', args('head'))).status).toBe(0)
  })
})

test('a working folder that somebody has removed is told', async () => {
  const gone = join(folder, 'gone')
  const ended = await limited(`mkdir '${gone}' && cd '${gone}' && rmdir '${gone}'`, args('gone'))
  expect(ended.status).toBe(5)
  expect(ended.stderr).toContain('error: the working folder is gone: ')
})

describe.concurrent('descriptors', () => {
  test('that are too few are told before anything runs', async () => {
    const ended = await limited('ulimit -n 64', args('few'))
    expect(ended.status).toBe(5)
    expect(ended.stderr).toMatch(
      /^error: this shell lets a process open 64 files; a run with 1 worker needs about 106\. Raise/,
    )
    expect(existsSync(join(folder, 'few'))).toBe(false)
  })

  test('of a shell that allows 256 are enough', async () => {
    expect((await limited('ulimit -n 256', args('256'))).status).toBe(0)
  })

  test('are asked for by the number of workers', () => {
    expect(() => requireDescriptors(40, 256)).toThrow(
      'a run with 40 workers needs about 340. Raise the limit with `ulimit -n 1024`',
    )
    expect(() => requireDescriptors(16, 256)).not.toThrow()
  })
})

/** The engine of a command that was started: its pid, once it is there. */
async function engineOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    if (children !== '') return Number(children.split(' ')[0])
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const isAlive = (pid: number) => existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

describe.concurrent('an engine whose main thread never returns', () => {
  const script = join(folder, 'busy.mjs')
  writeFileSync(script, "console.error('busy')\nwhile (true);\nexport const dataset = {}")
  const stuck = async (name: string) => {
    const { child, ended } = start(['quant', ...args(name), '-uds', script])
    await new Promise((resolve) =>
      child.stderr.on('data', (text) => String(text).includes('busy') && resolve(undefined)),
    )
    return { child, ended, engine: await engineOf(child.pid!) }
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends on %s, within seconds', async (signal, status) => {
    const { child, ended, engine } = await stuck(signal)
    child.kill(signal)
    const end = await ended
    expect(end.status).toBe(status)
    expect(end.stderr).toContain(
      'squire: interrupted; the engine did not end by itself, as code of yours keeps it busy',
    )
    expect(isAlive(engine)).toBe(false)
  })

  test('does not outlive its supervisor', async () => {
    const { child, ended, engine } = await stuck('orphan')
    child.kill('SIGKILL')
    await ended
    for (let tries = 0; isAlive(engine) && tries < 100; tries++)
      await new Promise((resolve) => setTimeout(resolve, 100))
    expect(isAlive(engine)).toBe(false)
  })
})
