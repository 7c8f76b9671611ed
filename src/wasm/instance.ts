// Instances of the WebAssembly modules that `npm run build` compiles from the `assembly` folders, each with a memory of its own.

import { readFileSync } from 'node:fs'

/** What squire uses of the standard WebAssembly interface, which TypeScript declares for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly Memory: new (limits: { initial: number }) => WasmMemory
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer
  /** Detaches every view of `buffer`. */
  grow(pages: number): number
}

export interface WasmGlobal {
  readonly value: number
}

export interface WasmInstance<Exports> {
  readonly exports: Exports
  readonly memory: WasmMemory
}

export const WASM_PAGE_BYTES = 1 << 16
const CACHE_LINE_BYTES = 64

/** The .wasm file of a folder of src, beside the compiled module that asks; for a module that runs from its source, in the build's folder. */
export function wasmFile(name: string, moduleUrl: string): URL {
  const folder = moduleUrl.split('/').at(-2)
  return new URL(moduleUrl.endsWith('.ts') ? `../../dist/src/${folder}/${name}` : name, moduleUrl)
}

/** `Exports` are those of the module's AssemblyScript. */
export function instantiate<Exports>(file: URL): WasmInstance<Exports> {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(read(file)), { env: { memory } })
  return { exports: exports as Exports, memory }
}

/** The address from which on a module's memory is free, at the start of a cache line, where vectors may lie as well. */
export function freeFrom({ exports }: WasmInstance<{ readonly HEAP: WasmGlobal }>): number {
  return CACHE_LINE_BYTES * Math.ceil(exports.HEAP.value / CACHE_LINE_BYTES)
}

/** Makes a memory at least `bytes` large. Where it has to grow for that, views of it that were made before are detached. */
export function growTo(bytes: number, { memory }: WasmInstance<unknown>): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / WASM_PAGE_BYTES))
}

function read(file: URL): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`${file.pathname} cannot be read: run \`npm run build\``, { cause })
  }
}
