import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { bars } from './bars.js'
import { faults } from './faulty.js'
import { fixture, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
const model = write(bars(), folder, 'bars.onnx')
// One sample a forward pass: else 24 samples are one chunk.
const few = { SQUIRE_TEST_SIZE: '24', SQUIRE_DODGES: 'uncopied,blocked' }
const run = ['-m', model, '-uds', fixture('textlines.mjs'), '-if', 'slow', '-i', '24', '-cn', '2', '-s', at('out')]
const calibrate = (share: string, name: string, env: Record<string, string> = {}, more: readonly string[] = []) =>
  squire(['calibrate', ...run, '--part', share, '-o', at(name), ...more], { TMPDIR: folder, ...few, ...env })
const merge = (...words: string[]) =>
  squire(['merge', ...words.map((word) => (word.endsWith('.arrow') ? at(word) : word))])

describe('parts by the command line', () => {
  beforeAll(async () => {
    const { status, stdout } = await calibrate('1/2', 'one.arrow')
    expect(status).toBe(0)
    expect(stdout).toContain(`${at('one.arrow')}: 12 samples, 0 skipped\n`)
    expect(await calibrate('2/2', 'two.arrow')).toMatchObject({ status: 0 })
  })

  test('a part that was killed goes on from its checkpoint, and has the bytes of one that was not', async () => {
    const everyChunk = { SQUIRE_CHECKPOINT_SECONDS: '0', ...faults(folder, 'killed', { 22: 'killGroup' }) }
    expect((await calibrate('2/2', 'again.arrow', everyChunk)).status).not.toBe(0)
    expect(existsSync(at('again.arrow'))).toBe(false)
    expect(existsSync(at('again.arrow.checkpoint'))).toBe(true)
    expect(await calibrate('2/2', 'again.arrow', {}, ['--resume'])).toMatchObject({ status: 0 })
    expect(existsSync(at('again.arrow.checkpoint'))).toBe(false)
    expect(readFileSync(at('again.arrow')).equals(readFileSync(at('two.arrow')))).toBe(true)
  })

  test('a part that is there is not run again', async () => {
    const { stdout } = await calibrate('2/2', 'two.arrow', {}, ['--resume'])
    expect(stdout).toContain(`${at('two.arrow')}: was there already\n`)
  })

  test('merging says which parts do not go together, and leaves nothing', async () => {
    copyFileSync(at('one.arrow'), at('copy.arrow'))
    const damaged = readFileSync(at('two.arrow'))
    damaged[damaged.length >> 1]! ^= 1
    writeFileSync(at('damaged.arrow'), damaged)
    const twice = await merge('one.arrow', 'two.arrow', 'copy.arrow', '-o', 'merged.arrow')
    expect(twice).toMatchObject({ status: 3 })
    expect(twice.stderr).toContain(
      `${at('one.arrow')} and ${at('copy.arrow')} both hold samples 0 to 11 of the calibration`,
    )
    const torn = await merge('one.arrow', 'damaged.arrow', '-o', 'merged.arrow')
    expect(torn.stderr).toContain(`${at('damaged.arrow')} cannot be used: it is damaged: its checksum is wrong`)
    const half = await merge('one.arrow', '-o', 'merged.arrow')
    expect(half.stderr).toContain('samples 12 to 23 of the calibration are missing')
    expect(existsSync(at('merged.arrow'))).toBe(false)
  })

  test('statistics of another run are refused with the difference', async () => {
    expect(await merge('one.arrow', 'two.arrow', '-o', 'merged.arrow')).toMatchObject({ status: 0 })
    const other = await squire(['quant', ...run, '--on-bad-sample', 'skip', '--stats', at('merged.arrow')], few)
    expect(other).toMatchObject({ status: 3 })
    expect(other.stderr).toContain("its way with bad samples is error, this run's is skip")
  })

  test.each([
    [['quant', '--part', '1/2'], '--part is for `squire calibrate` and `squire evaluate`'],
    [['calibrate', '--part', '3/2'], 'expected a share as I/N, with whole numbers and 1 <= I <= N'],
    [['quant', '--evaluation', 'e.arrow'], '--evaluation needs --stats'],
    [['calibrate', '-if', 'infer', '--part', '1/2'], 'need a dataset'],
  ])('%j is refused', async ([command = '', ...words], message) => {
    const { status, stderr } = await squire([command, ...run, ...words])
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })
})
