import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkWritable, saveAll } from '../../src/files/save.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'squire-save-'))
})
afterEach(() => rm(folder, { recursive: true }))

const output = { name: 'SquireError', code: 'OUTPUT' }

describe('Saving files', () => {
  it('makes the folders, writes all files and leaves nothing else', async () => {
    const dir = join(folder, 'new', 'out')
    await saveAll(
      dir,
      new Map<string, Uint8Array | string>([
        ['a.txt', 'text'],
        ['steps/b.bin', Uint8Array.of(1, 2)],
      ]),
    )
    expect(await readFile(join(dir, 'a.txt'), 'utf8')).toBe('text')
    expect([...(await readFile(join(dir, 'steps', 'b.bin')))]).toEqual([1, 2])
    expect((await readdir(dir, { recursive: true })).sort()).toEqual(['a.txt', 'steps', 'steps/b.bin'])
  })

  it('replaces files that are there', async () => {
    await saveAll(folder, new Map([['a.txt', 'old and longer']]))
    await saveAll(folder, new Map([['a.txt', 'new']]))
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('new')
  })

  it('leaves the folder as it was when one of the files cannot be written', async () => {
    await writeFile(join(folder, 'a.txt'), 'old')
    await writeFile(join(folder, 'file'), '')
    const files = new Map([
      ['a.txt', 'new'],
      ['deep/er/b.txt', 'b'],
      ['file/c.txt', 'c'],
    ])
    await expect(saveAll(folder, files)).rejects.toMatchObject(output)
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(['a.txt', 'file'])
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('old')
  })

  it('refuses to replace a folder by a file before it renames anything', async () => {
    await mkdir(join(folder, 'b'))
    await expect(
      saveAll(
        folder,
        new Map([
          ['a', ''],
          ['b', ''],
        ]),
      ),
    ).rejects.toMatchObject(output)
    expect(await readdir(folder)).toEqual(['b'])
  })

  it('removes the folder it made when it fails', async () => {
    const dir = join(folder, 'out')
    await expect(
      saveAll(
        dir,
        new Map([
          ['a', ''],
          ['a/b', ''],
        ]),
      ),
    ).rejects.toMatchObject(output)
    expect(await readdir(folder)).toEqual([])
  })
})

describe('Checking a folder for writing', () => {
  it('passes for a folder that is there or can be made, and makes nothing', async () => {
    await checkWritable(folder)
    await checkWritable(join(folder, 'not', 'there', 'yet'))
    expect(await readdir(folder)).toEqual([])
  })

  it('fails where a file is in the way, naming it and the flag', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(checkWritable(file)).rejects.toMatchObject(output)
    await expect(checkWritable(join(file, 'out'))).rejects.toThrowError(/file.*--save-dir/)
  })
})
