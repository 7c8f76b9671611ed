import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SquireError } from '../../src/errors.js'
import { makeWorkspace } from '../../src/runs/workspace.js'

const host = hostname().replaceAll(/[^\w.-]/g, '_')
/** Of a process that has just ended. */
const deadPid = spawnSync(process.execPath, ['-e', '']).pid

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squire-test-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
})

function leave(name: string): string {
  mkdirSync(join(folder, name, 'deep'), { recursive: true })
  writeFileSync(join(folder, name, 'deep', 'float.onnx'), 'model')
  return name
}

describe('the folder for temporary files', () => {
  it('is new each time, of this user alone, and has the host and the process in its name', () => {
    const names = [makeWorkspace(), makeWorkspace()].map((path) => basename(path))
    expect(new Set(names).size).toBe(2)
    expect(readdirSync(folder).sort()).toEqual(names.sort())
    for (const name of names) expect(name).toMatch(new RegExp(`^squire-${host}-${process.pid}-\\w{6}$`))
  })

  it('takes the place of what dead processes have left', () => {
    for (const random of ['abcdef', 'ABC123']) leave(`squire-${host}-${deadPid}-${random}`)
    expect(readdirSync(folder)).toHaveLength(2)
    expect([makeWorkspace()].map((path) => basename(path))).toEqual(readdirSync(folder))
  })

  it('leaves everything else where it is', () => {
    const kept = [
      leave(`squire-${host}-${process.pid}-abcdef`),
      leave(`squire-${host}-1-abcdef`),
      leave(`squire-${host}-99999999999999-abcdef`),
      leave(`squire-elsewhere-${deadPid}-abcdef`),
      leave(`squire-${host}-7-${deadPid}-abcdef`),
      leave(`squire-${host}-${deadPid}`),
      leave(`squire-${host}-${deadPid}-abcdef.old`),
      leave(`my-squire-${host}-${deadPid}-abcdef`),
    ]
    makeWorkspace()
    for (const name of kept) expect(existsSync(join(folder, name, 'deep', 'float.onnx')), name).toBe(true)
  })

  it('follows no links, and takes files for no leftovers', () => {
    leave('precious')
    const [link, inner, file] = ['aaaaaa', 'bbbbbb', 'cccccc'].map((random) => `squire-${host}-${deadPid}-${random}`)
    symlinkSync(join(folder, 'precious'), join(folder, link!))
    mkdirSync(join(folder, inner!))
    symlinkSync(join(folder, 'precious'), join(folder, inner!, 'link'))
    writeFileSync(join(folder, file!), '')
    const made = basename(makeWorkspace())
    expect(readdirSync(folder).sort()).toEqual(['precious', link, file, made].sort())
    expect(existsSync(join(folder, 'precious', 'deep', 'float.onnx'))).toBe(true)
  })

  it("leaves another user's leftovers", () => {
    const name = leave(`squire-${host}-${deadPid}-abcdef`)
    vi.spyOn(process, 'getuid').mockReturnValue(process.getuid!() + 1)
    makeWorkspace()
    expect(readdirSync(folder)).toContain(name)
  })

  it('is made by many at once, who all clear the same leftovers away', async () => {
    for (let i = 0; i < 300; i++) leave(`squire-${host}-${deadPid}-${String(i).padStart(6, '0')}`)
    const module = new URL('../../dist/src/runs/workspace.js', import.meta.url).href
    const code = `import { rmSync } from 'node:fs'; rmSync((await import(${JSON.stringify(module)})).makeWorkspace(), { recursive: true })`
    const runs = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', code]))
    expect(await Promise.all(runs.map(async (run) => (await once(run, 'exit'))[0]))).toEqual([0, 0, 0, 0])
    expect(readdirSync(folder)).toEqual([])
  })

  it('that cannot be made is an error that says where and what to do', () => {
    vi.stubEnv('TMPDIR', join(folder, 'nowhere'))
    expect(makeWorkspace).toThrow(SquireError)
    expect(makeWorkspace).toThrow(/temporary files: ENOENT.*nowhere.*\. Set TMPDIR to a folder that can be written/)
  })
})
