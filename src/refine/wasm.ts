// Loads the WebAssembly half of the Gram matrices (assembly/gram.ts, compiled by `npm run build`): one instance a thread.

import { readFileSync } from 'node:fs'

/** What this folder uses of the standard WebAssembly interface, which TypeScript declares for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
  readonly Memory: new (limits: { initial: number }) => Memory
}

interface Memory {
  readonly buffer: ArrayBuffer
  /** Detaches every view of `buffer`. */
  grow(pages: number): number
}

/** The exports of assembly/gram.ts: addresses and strides are bytes. */
interface Exports {
  gram(from: number, rows: number, stride: number, to: number): void
  readonly HEAP: { readonly value: number }
}

const PAGE_BYTES = 1 << 16

let loaded: { readonly exports: Exports; readonly memory: Memory } | undefined

/** The module, with so many bytes of memory from HEAP on. */
export function gramModule(bytes: number) {
  loaded ??= load()
  const { exports, memory } = loaded
  const missing = exports.HEAP.value + bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
  return { gram: exports.gram, heap: (exports.HEAP.value + 15) & ~15, buffer: memory.buffer }
}

function load() {
  const { url } = import.meta
  const file = new URL(url.endsWith('.ts') ? '../../dist/src/refine/gram.wasm' : 'gram.wasm', url)
  const memory = new WebAssembly.Memory({ initial: 1 })
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } })
    return { exports: exports as Exports, memory }
  } catch (cause) {
    throw new Error(`${file.pathname} cannot be loaded: run \`npm run build\``, { cause })
  }
}
