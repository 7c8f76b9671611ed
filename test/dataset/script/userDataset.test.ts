import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../src/dataset/datasets.js'
import { SquireError } from '../../../src/errors.js'
import { DataType } from '../../../src/onnx/types.js'

let folder: string
beforeAll(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'squire-user-')), 'node_modules')
  mkdirSync(folder)
})
afterAll(() => rmSync(path.dirname(folder), { recursive: true }))

const inputs = [{ name: 'x', dataType: DataType.FLOAT, dims: [1, 2] }]
const metric = `{ name: 'm', initial: () => 0, update: (s) => s + 1, merge: (a, b) => a + b, value: (s) => s }`
const sample = `(i) => ({ inputs: [{ data: Float32Array.of(i, i), dims: [1, 2] }], label: i % 2 })`
let count = 0

function open(text: string, data?: string, name = `script-${count++}.mjs`) {
  const script = path.join(folder, name)
  writeFileSync(script, text)
  return openDataset({ kind: 'user', script, exportName: 'd', data, batchSize: 1 }, inputs)
}

describe('a dataset object', () => {
  it('gives its samples checked and named', async () => {
    const dataset = await open(`export const d = { size: () => 3, load: ${sample}, metric: ${metric} }`)
    expect([dataset.size, dataset.id(2), dataset.metric?.name]).toEqual([3, '00000002', 'm'])
    expect(await dataset.load(1)).toEqual({
      feeds: { x: { type: 'float32', data: Float32Array.of(1, 1), dims: [1, 2] } },
      label: 1,
    })
    expect(dataset.classes).toBeUndefined()
  })

  it('may be of a class, with members that need each other', async () => {
    const dataset = await open(`
      class Photos {
        names = ['b', 'a']
        async size() { return this.names.length }
        id(i) { return this.names[i] }
        classOf(i) { return this.names[i] === 'a' ? 'cat' : 'dog' }
        async load(i) { return (${sample})(i) }
      }
      export const d = new Photos()`)
    expect([dataset.id(0), dataset.id(1)]).toEqual(['b', 'a'])
    expect((await dataset.classes?.())?.(1)).toBe('cat')
    expect((await dataset.load(1)).label).toBe(1)
  })

  it('is refused where its digest is no text: all objects would be the same data', async () => {
    const dataset = await open(`export const d = { size: () => 2, load: ${sample}, digest: () => ({ version: 1 }) }`)
    await expect(dataset.digest(Uint32Array.of(0))).rejects.toThrow(
      /digest\(\) of .* gave \{ version: 1 \}, expected a text/,
    )
  })

  it('is refused where it throws when it is looked at', async () => {
    const text = `export const d = new Proxy({ size: () => 2, load: ${sample} }, { get(t, key) { if (key === 'metric') throw new Error('mine'); return t[key] } })`
    await expect(open(text)).rejects.toThrow(/dataset "d" of .* cannot be used: mine/)
  })

  it('has a digest of its ids, its data path and its script, or what it says itself', async () => {
    const text = (extra = '') => `export const d = { size: () => 2, load: ${sample} ${extra} }`
    const digest = async (script: string, data?: string) => (await open(script, data)).digest(Uint32Array.of(0, 1))
    const plain = await digest(text())
    expect(await digest(text())).toBe(plain)
    expect(await digest(text(), 'photos')).not.toBe(plain)
    expect(await digest(`${text()}\n// changed`)).not.toBe(plain)
    expect(await digest(text(', id: (i) => "s" + i'))).not.toBe(plain)
    const own = text(', digest: async () => "v1"')
    expect(await digest(`${own}\n// changed`)).toBe(await digest(own))
    const all = await open(text())
    expect(await all.digest(Uint32Array.of(0))).not.toBe(plain)
  })

  it.each<[string, string, string]>([
    ['no such export', 'export const e = 1', 'it exports "e"'],
    ['a function', 'export function d() {}', 'is an infer function, expected a dataset'],
    ['no load', 'export const d = { size: () => 1, load: 3 }', 'has no function load'],
    [
      'a size that is no number',
      `export const d = { size: () => '3', load: ${sample} }`,
      'gave 3, expected a whole number',
    ],
    [
      'a size that throws',
      `export const d = { size() { throw new Error('no disk') }, load: ${sample} }`,
      'threw: no disk',
    ],
    [
      'half a metric',
      `export const d = { size: () => 1, load: ${sample}, metric: { name: 'm', initial() {} } }`,
      'lacks update(), merge(), value()',
    ],
  ])('is refused with the reason: %s', async (_, text, message) => {
    const error = await open(text).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SquireError)
    expect(error).toMatchObject({ code: 'USER_SCRIPT' })
    expect((error as SquireError).message).toContain(message)
  })

  it('is refused when it is empty', async () => {
    await expect(open(`export const d = { size: () => 0, load: ${sample} }`)).rejects.toMatchObject({
      code: 'DATA',
      message: expect.stringContaining('is empty: size() gave 0; was -d left out?'),
    })
  })

  it('names the sample that cannot be loaded, and the line that threw', async () => {
    const dataset = await open(
      `export const d = {
         size: () => 4,
         id: (i) => 'photo ' + i,
         load(i) {
           if (i === 1) throw new Error('broken file')
           if (i === 2) return undefined
           return { inputs: [{ data: Float32Array.of(0, NaN), dims: [1, 2] }] }
         },
       }`,
    )
    await expect(dataset.load(1)).rejects.toMatchObject({ name: 'SquireError', code: 'DATA' })
    await expect(dataset.load(1)).rejects.toThrow(
      /sample "photo 1": load\(1\) threw: broken file \(.*script-\d+\.mjs:5\)/,
    )
    await expect(dataset.load(2)).rejects.toThrow('sample "photo 2": load must return { inputs, label? }')
    await expect(dataset.load(3)).rejects.toThrow(
      'sample "photo 3": input 0 "x" has a NaN or infinite value at element 1',
    )
  })

  it('is refused when an id is no text', async () => {
    const dataset = await open(`export const d = { size: () => 1, load: ${sample}, id: (i) => i }`)
    expect(() => dataset.id(0)).toThrow('gave 0, expected a text')
  })
})
