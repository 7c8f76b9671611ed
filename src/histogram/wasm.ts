// Loads the WebAssembly half of the kernel (assembly/kernel.ts, compiled by `npm run build`).

import { readFileSync } from 'node:fs'

/** What this folder uses of the standard WebAssembly interface, which TypeScript declares for browsers only. */
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

interface Global {
  readonly value: number
}

/** The exports of assembly/kernel.ts: addresses and steps are bytes, lengths are floats. */
export interface WasmExports {
  observe(slot: number, values: number, length: number, step: number): number
  release(): void
  magnitude(values: number, length: number, step: number): number
  readonly HEAP: Global
  readonly SLOT_BYTES: Global
  readonly SCALE: Global
  readonly LIMIT: Global
  readonly EXPONENT: Global
  readonly MIN: Global
  readonly MAX: Global
  readonly ZEROS: Global
  readonly NEGATIVES: Global
  readonly COUNT: Global
}

/** The wasm file beside the compiled module; for a module that runs from its source, the one in the build's folder. */
export function wasmFile(moduleUrl: string): URL {
  return new URL(moduleUrl.endsWith('.ts') ? '../../dist/src/histogram/kernel.wasm' : 'kernel.wasm', moduleUrl)
}

/** A new instance with a memory of its own. */
export function loadWasm(file: URL = wasmFile(import.meta.url)): { wasm: WasmExports; memory: WasmMemory } {
  const { exports, memory } = instantiate(file)
  return { wasm: exports as WasmExports, memory }
}

/** An instance of any module that `npm run build` made, with a memory of its own: what it exports. */
export function instantiate(file: URL): { readonly exports: unknown; readonly memory: WasmMemory } {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(read(file)), { env: { memory } })
  return { exports, memory }
}

function read(file: URL): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`${file.pathname} cannot be read: run \`npm run build\``, { cause })
  }
}
