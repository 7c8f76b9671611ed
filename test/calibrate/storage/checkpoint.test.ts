// Checkpoints in process: what is read is what was written, or an error that says what to do.

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Checkpoint } from '../../../src/calibrate/storage/checkpoint.js'
import { segmentsOf } from '../../../src/engine/fold/chunks.js'
import { addChunk, emptyFold, type FoldState, foldWaiting } from '../../../src/engine/fold/foldState.js'
import { createBuffer, readBuffer, writeBuffer } from '../../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../../src/histogram/histogram.js'
import { temporaryFolder } from '../../e2e/squire.js'
import { expectSame } from '../../histogram/same.js'

const tensors = ['x', 'constructor', 'größer']
const segments = segmentsOf([8, 16], [16, 20])
const key = { model: 'ab', data: 'cd' }
const empty = () => emptyFold(segments, tensors)

/** Two chunks done, one of them ahead of an unfinished one. */
function someState(): FoldState {
  const state = empty()
  const buffer = createBuffer(tensors)
  writeBuffer(buffer, tensors, (i) => observe(emptyHistogram(), Float32Array.of(i, -2 * i, 0.5)))
  const metric = { name: 'm', initial: () => 0, update: () => 0, merge: () => 0, value: () => 0 }
  const answer = (state: unknown) => ({ kind: 'done' as const, states: [state], skipped: [], observed: 1 })
  addChunk(state, { segment: 0, number: 0 }, answer(new Map([['hits', 3n]])), buffer)
  addChunk(state, { segment: 0, number: 2 }, answer({ seen: Float64Array.of(1, Number.NaN) }), buffer)
  foldWaiting(state.segments[0]!, metric)
  state.skipped.push({ index: 7, id: 'seven', reason: 'damaged' })
  return state
}

function expectSameState(actual: FoldState | undefined, expected: FoldState): void {
  const plain = ({ segments, ...rest }: FoldState) => ({
    ...rest,
    segments: segments.map(({ statistics, ...more }) => ({ ...more, statistics: statistics !== undefined })),
  })
  expect(plain(actual!)).toEqual(plain(expected))
  expected.segments.forEach(({ statistics }, i) => {
    if (statistics === undefined) return
    const read = readBuffer(actual!.segments[i]!.statistics!, tensors)
    for (const [name, histogram] of readBuffer(statistics, tensors)) expectSame(read.get(name)!, histogram)
  })
}

const folder = temporaryFolder()
let path: string
let count = 0
beforeEach(() => {
  path = join(folder, String(count++), '.squire-checkpoint')
})
const file = (bytes: Uint8Array | string) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
}

describe('a checkpoint', () => {
  test('gives back the state that was written, statistics and metric states of any kind', async () => {
    const state = someState()
    await new Checkpoint(path, 'anew').flush(key, state)
    expectSameState(await new Checkpoint(path, 'resume').load(key, empty()), state)
    expect(readdirSync(join(path, '..'))).toEqual(['.squire-checkpoint'])
  })

  test('is an Arrow file with a batch of statistics a segment', async () => {
    await new Checkpoint(path, 'anew').flush(key, someState())
    const table = tableFromIPC(readFileSync(path))
    expect(table.batches).toHaveLength(segments.length)
    expect(table.batches[0]!.getChild('tensor')!.toJSON()).toEqual(tensors)
  })

  test('that is not there is none', async () => {
    expect(await new Checkpoint(path, 'resume').load(key, empty())).toBeUndefined()
  })

  test('is refused when any single byte is another', async () => {
    await new Checkpoint(path, 'anew').flush(key, someState())
    const bytes = readFileSync(path)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at]! ^= flip
        file(damaged)
        await expect(new Checkpoint(path, 'resume').load(key, empty())).rejects.toThrow(
          /^the checkpoint .* cannot be used: it is/,
        )
      }),
      { numRuns: 200 },
    )
  })

  test('of other work is refused with the reason, and stays', async () => {
    await new Checkpoint(path, 'anew').flush(key, someState())
    const resumed = new Checkpoint(path, 'resume').load({ ...key, model: 'ee' }, empty())
    await expect(resumed).rejects.toThrow("does not belong to this run: its model is ab, this run's is ee. Repeat")
    expect(existsSync(path)).toBe(true)
  })

  test.each(['damaged', 'of other work'])(
    'that is %s does not keep an engine that is started again from starting anew',
    async (kind) => {
      if (kind === 'damaged') file('of other work')
      else await new Checkpoint(path, 'anew').flush({ model: 'other' }, someState())
      expect(await new Checkpoint(path, 'restart').load(key, empty())).toBeUndefined()
      expect(existsSync(path)).toBe(false)
    },
  )

  test('of other work is gone before a new run does anything', async () => {
    file('of other work')
    await new Checkpoint(path, 'anew').begin()
    expect(existsSync(path)).toBe(false)
  })

  test('follows no link: neither its own name nor a temporary one', async () => {
    const target = join(folder, `target-${count}`)
    writeFileSync(target, 'mine')
    mkdirSync(join(path, '..'))
    for (const name of [path, `${path}.tmp`]) symlinkSync(target, name)
    await new Checkpoint(path, 'anew').flush(key, someState())
    expect(readFileSync(target, 'utf8')).toBe('mine')
  })

  test('of a metric whose state cannot be cloned says so', async () => {
    const state = someState()
    state.segments[0]!.waiting.set(5, { callback: () => 1 })
    await expect(new Checkpoint(path, 'anew').flush(key, state)).rejects.toThrow("the metric's state cannot be saved: ")
    expect(existsSync(path)).toBe(false)
  })
})
