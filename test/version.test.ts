import { copyFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { squireVersion } from '../src/version.js'
import { temporaryFolder } from './onnx/folder.js'

const at = temporaryFolder()

it('takes the version from the nearest package.json, and says so where files were copied without it', async () => {
  expect(squireVersion()).toMatch(/^\d+\.\d+\.\d+/)
  for (const name of ['version.js', 'version.js.map', 'errors.js', 'errors.js.map']) {
    copyFileSync(fileURLToPath(new URL(`../dist/src/${name}`, import.meta.url)), at(name))
  }
  const copied = await import(/* @vite-ignore */ pathToFileURL(at('version.js')).href)
  expect(() => copied.squireVersion()).toThrow('install squire instead of copying its files')
  writeFileSync(at('package.json'), '{"version":"1.2.3"}')
  expect(copied.squireVersion()).toBe('1.2.3')
})
