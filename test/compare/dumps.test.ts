import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { compareDumps } from '../../src/compare/dumps.js'
import { temporaryFolder } from '../onnx/folder.js'

const at = temporaryFolder()

it('a dump that is no array is told with its file', async () => {
  for (const folder of ['a', 'b']) {
    mkdirSync(at(folder))
    writeFileSync(`${at(folder)}/t.npy`, 'not numpy')
  }
  await expect(compareDumps(at('a'), at('b'))).rejects.toThrow(/\/[ab]\/t\.npy: does not begin as an \.npy file$/)
})
