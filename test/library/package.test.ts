// The package as npm packs it, in a fresh folder: the example runs, and finds nothing of the repository but its dependencies.

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Unpacks what npm packs, with links to the dependencies that its package.json names. */
function install(into: string): void {
  const options = { cwd: repository, encoding: 'utf8' as const }
  const packed = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', into], options)) as unknown
  const [{ filename }] = packed as [{ filename: string }]
  const modules = join(into, 'node_modules')
  mkdirSync(join(modules, 'squire-quant'), { recursive: true })
  execFileSync('tar', ['-xzf', join(into, filename), '-C', join(modules, 'squire-quant'), '--strip-components=1'])
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'squire-quant/package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(repository, 'node_modules', name), join(modules, name))
  }
}

it('the packed library runs its examples in a fresh folder', () => {
  const folder = temporaryFolder()
  install(folder)
  for (const name of ['quantize.mjs', 'steps.mjs']) {
    copyFileSync(join(repository, 'examples/library', name), join(folder, name))
  }
  const model = write(tiny(), folder, 'tiny.onnx')
  const run = (name: string, out: string) =>
    execFileSync(process.execPath, [name, model, out], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
  const stdout = run('quantize.mjs', 'out')
  expect(stdout).toMatch(/^kl_v2: \d+ files in kl_v2_it_16\nmse: \d+ files in mse_it_16\n$/)
  expect(readdirSync(join(folder, 'out/mse_it_16'))).toContain('tiny_quantize.onnx')
  const [first, again] = [run('steps.mjs', 'steps'), run('steps.mjs', 'again')]
  expect(first).toMatch(/^(\w+: loss \d\.\d{3} %\n){3}\d+ files of \w+\n$/)
  expect(again).toBe(first.replace(/\n$/, ', statistics from the last run\n'))
  expect(readdirSync(join(folder, 'steps'))).toContain('tiny_quantize.onnx')
})
