import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkWritable, saveAll } from '../../src/files/save.js'

/** How many names may still change before the process is "killed"; each rename and each removal is one. */
const alive = vi.hoisted(() => ({ changes: Number.POSITIVE_INFINITY }))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const mortal =
    <Rest extends unknown[]>(change: (...rest: Rest) => Promise<void>) =>
    async (...rest: Rest) => {
      if (alive.changes-- <= 0) throw new Error('killed')
      return change(...rest)
    }
  return { ...real, rename: mortal(real.rename), rm: mortal(real.rm) }
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'squire-save-'))
})
afterEach(async () => {
  alive.changes = Number.POSITIVE_INFINITY
  await rm(folder, { recursive: true })
})

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

describe('A kill between two renames', () => {
  const run = (version: string) =>
    saveAll(folder, new Map(['model.onnx', 'steps/all.onnx', 'report.json'].map((name) => [name, version])))
  const found = async () => {
    const names = (await readdir(folder, { recursive: true })).filter((name) => /(onnx|json)$/.test(name))
    return new Map(
      await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
    )
  }

  it('leaves either all files of one run, or no seal that says so', async () => {
    const states = new Set<string>()
    for (let changes = 0; changes <= 6; changes++) {
      await run('old')
      alive.changes = changes
      await run('new').catch(() => {})
      alive.changes = Number.POSITIVE_INFINITY
      const files = await found()
      const sealed = files.has('report.json')
      if (sealed) expect([files.size, new Set(files.values()).size]).toEqual([3, 1])
      states.add(`${sealed ? 'sealed' : 'open'}: ${[...new Set(files.values())].sort()}`)
    }
    expect([...states].sort()).toEqual(['open: new', 'open: new,old', 'open: old', 'sealed: new', 'sealed: old'])
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
