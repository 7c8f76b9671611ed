// Runs that are interrupted and go on from their checkpoint, and checkpoints that they cannot go on from.

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { explain, statusOf } from '../../src/cli/explain.js'
import { encodeModel, readModel } from '../../src/onnx/model.js'
import { bars } from './bars.js'
import { faults } from './faulty.js'
import { runHere } from './here.js'
import { contents, fixture, plain, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const model = write(bars(), folder, 'bars.onnx')
const script = ['-m', model, '-uds', fixture('textlines.mjs'), ...plain, '-cn', '2']
const run = [...script, '-if', 'dataset', '-i', '96']
const base = ['quant', ...run]
const checkpoint = '.squire-checkpoint'

describe('an interrupted run', () => {
  let reference: Record<string, string>
  beforeAll(async () => {
    const out = join(folder, 'reference')
    // There is nothing to resume: it starts anew.
    expect((await squire([...base, '-s', out, '--resume'])).status).toBe(0)
    reference = contents(out)
  })

  test.each([
    ['interrupt', 130],
    ['terminate', 143],
  ])('(%s) ends with status %i, says how to resume, and resumed it writes the same bytes', async (kind, status) => {
    const out = join(folder, kind)
    const ended = await squire([...base, '-s', out], faults(folder, kind, { 70: kind }))
    expect(ended.status).toBe(status)
    expect(ended.stderr).toContain('repeat the command with --resume')
    expect(Object.keys(contents(out))).toEqual([checkpoint])
    expect((await squire([...base, '-s', out, '--resume'])).status).toBe(0)
    expect(contents(out)).toEqual(reference)
  })
})

describe('what is done', () => {
  const slow = ['quant', ...script, '-if', 'slow', '-i', '24']
  const few = { SQUIRE_TEST_SIZE: '24' }
  // What is killed cannot clear its temporary files away.
  const everyChunk = { ...few, SQUIRE_CHECKPOINT_SECONDS: '0', TMPDIR: folder }

  test.each(['interrupt', 'killGroup'])('is not done again after %s', async (kind) => {
    const out = join(folder, `progress-${kind}`)
    const ended = await squire([...slow, '-s', out], {
      ...everyChunk,
      ...faults(folder, `at-18-${kind}`, { 18: kind }),
    })
    expect(ended.status).not.toBe(0)
    expect(existsSync(join(out, checkpoint))).toBe(true)
    // Were it loaded again, it would end the run.
    const again = { ...few, ...faults(folder, `again-${kind}`, { 1: 'always throw' }) }
    expect((await squire([...slow, '-s', out, '--resume'], again)).status).toBe(0)
    expect(existsSync(join(out, checkpoint))).toBe(false)
  })

  test('is not done again when the engine alone crashes, even if an older checkpoint lies there', async () => {
    const out = join(folder, 'older')
    mkdirSync(out)
    writeFileSync(join(out, checkpoint), 'of other work')
    const crashes = faults(folder, 'crash', { 18: 'kill' })
    const ended = await squire([...slow, '-s', out], { ...everyChunk, ...crashes })
    expect(ended.stderr).toContain('the engine was killed, maybe for want of memory; starting it again')
    expect(ended.status).toBe(0)
  })
})

test('an engine that crashes before it has calibrated starts anew, even if a checkpoint of other work lies there', async () => {
  const out = join(folder, 'early')
  mkdirSync(out)
  writeFileSync(join(out, checkpoint), 'of other work')
  const ended = await squire([...base, '-s', out], faults(folder, 'early', { 0: 'kill' }))
  expect(ended.stderr).toContain('starting it again')
  expect(ended.status).toBe(0)
})

test('a folder in the place of the checkpoint is refused before any work, and stays', async () => {
  const out = join(folder, 'blocked')
  mkdirSync(join(out, checkpoint), { recursive: true })
  const ended = await squire([...base, '-s', out])
  expect(ended.status).toBe(3)
  expect(ended.stderr).toContain(`error: ${join(out, checkpoint)}, where the checkpoint is to go, is a folder`)
  expect(ended.stdout).not.toContain('stage 2')
  expect(existsSync(join(out, checkpoint))).toBe(true)
})

describe.concurrent('a checkpoint is refused, and stays as it is, for', () => {
  const made = join(folder, 'made')
  const saved = join(made, checkpoint)
  const otherModel = join(folder, 'other.onnx')
  beforeAll(async () => {
    const ended = await squire([...base, '-s', made], faults(folder, 'made', { 90: 'interrupt' }))
    expect(ended.status).toBe(130)
    const { proto } = await readModel(model)
    writeFileSync(otherModel, encodeModel({ ...proto, producerName: 'somebody else' }))
  })

  const resume = async (name: string, args: readonly string[]) => {
    const out = join(folder, name)
    const path = join(out, checkpoint)
    if (!existsSync(path)) {
      mkdirSync(out)
      copyFileSync(saved, path)
    }
    const before = readFileSync(path)
    const error: unknown = await runHere([...run, '-s', out, '--resume', ...args]).catch((error: unknown) => error)
    expect(statusOf(error)).toBe(3)
    const message = explain(error, false)
    expect(message).toContain(`error: the checkpoint ${path} `)
    expect(message).toMatch(/[Ll]eave --resume away to start anew/)
    expect(readFileSync(path).equals(before)).toBe(true)
    return message
  }

  test.each([
    ['another model', ['-m', otherModel], /: its model is [0-9a-f]{12}…, this run's is [0-9a-f]{12}…\. Repeat/],
    ['other data', ['-d', 'elsewhere'], /: its data is [0-9a-f]{12}…, this run's is [0-9a-f]{12}…\. Repeat/],
    [
      'less to evaluate on',
      ['--eval-iteration', '12'],
      /: its evaluation is on 96 samples, this run's is on 12 samples;/,
    ],
    ['one more calibration', ['-i', '12'], /: its calibration is on 96 samples, this run's is on 12 and 96 samples;/],
    [
      'another way with bad samples',
      ['--on-bad-sample', 'skip'],
      /way with bad samples is error, this run's is skip\. Repeat/,
    ],
  ])('%s', async (name, args, reason) => {
    expect(await resume(name, args)).toMatch(reason)
  })

  test.each([
    ['a file that is cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1000), 'it is cut off'],
    ['one that is empty', () => Buffer.alloc(0), 'it is not an Arrow file'],
    ['one with a bit that has flipped', (bytes: Buffer) => bytes.fill(bytes[5000]! ^ 4, 5000, 5001), 'it is damaged'],
    ['one that is none', () => Buffer.from('notes'), 'it is not an Arrow file'],
  ])('%s', async (name, damage, reason) => {
    const out = join(folder, name)
    mkdirSync(out)
    writeFileSync(join(out, checkpoint), damage(readFileSync(saved)))
    expect(await resume(name, [])).toContain(`cannot be used: ${reason}`)
  })
})
