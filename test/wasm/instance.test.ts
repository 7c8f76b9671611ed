import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { instantiate, wasmFile } from '../../src/wasm/instance.js'

describe('the wasm file', () => {
  it('lies beside the compiled module, or in the build of a source module', () => {
    const built = 'file:///p/dist/src/histogram/kernel.wasm'
    expect(wasmFile('kernel.wasm', 'file:///p/dist/src/histogram/wasm.js').href).toBe(built)
    expect(wasmFile('kernel.wasm', 'file:///p/src/histogram/wasm.ts').href).toBe(built)
  })

  it('is asked for by name when it was not built', () => {
    expect(() => instantiate(pathToFileURL('/nowhere/kernel.wasm'))).toThrow(
      '/nowhere/kernel.wasm cannot be read: run `npm run build`',
    )
  })
})
