import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadUserScript } from '../../../src/dataset/script/userScript.js'
import { SquireError } from '../../../src/errors.js'

let folder: string
beforeAll(() => {
  // What lies in a folder called node_modules is imported by Node itself, as in production; the rest vitest would transform.
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'squire-script-')), 'node_modules')
  mkdirSync(folder)
})
afterAll(() => rmSync(path.dirname(folder), { recursive: true }))

function script(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

const options = { data: 'photos', batchSize: 1, inputs: [] }

describe('loading a user script', () => {
  it.each(['functions.mjs', 'functions.js', 'functions.ts'])('finds an infer function in %s', async (name) => {
    const type = name.endsWith('ts') ? ': { iteration: number }' : ''
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
    const file = script(name, `export async function infer_cls(executor${type}) { return executor.iteration * 2 }`)
    const loaded = await loadUserScript(file, 'infer_cls')
    if (loaded.kind !== 'function') throw new Error('expected a function')
    expect(await loaded.infer({ iteration: 21 } as never)).toBe(42)
  })

  it('takes an object with size and load as a dataset', async () => {
    const file = script('object.mjs', 'export const photos = { size: () => 3, load: (i) => ({ inputs: [] }) }')
    const loaded = await loadUserScript(file, 'photos')
    if (loaded.kind !== 'dataset') throw new Error('expected a dataset')
    expect(await (await loaded.factory(options)).size()).toBe(3)
  })

  it('calls what defineDataset marked with the options of the command line', async () => {
    const define = new URL('../../../src/dataset/script/defineDataset.ts', import.meta.url).pathname
    const file = script(
      'factory.ts',
      `import { defineDataset } from ${JSON.stringify(define)}
       export const photos = defineDataset(({ data }) => ({ size: () => data!.length, load: () => ({ inputs: [] }) }))
       export const fixed = defineDataset({ size: () => 5, load: () => ({ inputs: [] }) })`,
    )
    const sizes = await Promise.all(
      ['photos', 'fixed'].map(async (name) => {
        const loaded = await loadUserScript(file, name)
        return loaded.kind === 'dataset' ? await (await loaded.factory(options)).size() : undefined
      }),
    )
    expect(sizes).toEqual([6, 5])
  })

  it('keeps the state of a module between two loads in one thread', async () => {
    const file = script('state.ts', 'let calls = 0\nexport const count = () => ++calls')
    for (const expected of [1, 2]) {
      const loaded = await loadUserScript(file, 'count')
      expect(loaded.kind === 'function' && (await loaded.infer({} as never))).toBe(expected)
    }
  })
})

describe('a script that cannot be used', () => {
  const failing = async (file: string, name = 'x') => {
    const error = await loadUserScript(file, name).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SquireError)
    expect(error).toMatchObject({ code: 'USER_SCRIPT' })
    return (error as SquireError).message
  }

  it('is named when it is missing', async () => {
    expect(await failing(path.join(folder, 'nowhere.mjs'))).toBe(`no such file: ${folder}/nowhere.mjs (-uds)`)
  })

  it('is refused when it is no ES module', async () => {
    expect(await failing(script('infer.rb', ''))).toContain('must be an ES module or a Python script: ')
  })

  it.each(['syntax.mjs', 'syntax.ts'])('shows the message and the line of a syntax error in %s', async (name) => {
    const message = await failing(script(name, 'export const a = 1\nexport function x( {\n'))
    expect(message).toMatch(/Unexpected/)
    expect(message).toContain(`${name}:3`)
  })

  it.each(['throws.mjs', 'throws.ts'])('shows where %s threw while it was loading', async (name) => {
    const message = await failing(script(name, '\nthrow new Error("no weights here")\nexport const x = 1\n'))
    expect(message).toContain('no weights here')
    expect(message).toContain(`${name}:2`)
  })

  it.each(['import.mjs', 'import.ts'])('that finds no squire-quant, %s, is told how to install it', async (name) => {
    const message = await failing(script(name, "import { topK } from 'squire-quant'\nexport const x = topK"))
    const root = new URL('../../..', import.meta.url).pathname.slice(0, -1)
    expect(message).toContain(`Install it in the script's project: npm install ${root}. `)
  })

  it('lists the exports when the wanted one is not there', async () => {
    const file = script('exports.mjs', 'export const infer_cls = () => 1\nexport default 3')
    expect(await failing(file, 'infer_det')).toBe(
      `${file} has no export "infer_det" (-if): it exports "default" or "infer_cls"`,
    )
    expect(await failing(script('empty.mjs', ''), 'x')).toContain('it exports nothing')
  })

  it('says what an export must be', async () => {
    const file = script('number.mjs', 'export const x = 3')
    expect(await failing(file)).toContain('is of type number, expected an infer function')
  })

  it('does not take what a prototype has for an export', async () => {
    expect(await failing(script('proto.ts', 'export const x = 1'), 'toString')).toContain('has no export "toString"')
  })
})
