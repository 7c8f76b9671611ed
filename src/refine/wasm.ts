// Loads the WebAssembly half of the Gram matrices (assembly/gram.ts, compiled by `npm run build`): one instance a thread.

import { instantiate, type WasmMemory } from '../histogram/wasm.js'

/** The exports of assembly/gram.ts: addresses and strides are bytes. */
interface Exports {
  gram(from: number, rows: number, stride: number, to: number): void
  readonly HEAP: { readonly value: number }
}

const PAGE_BYTES = 1 << 16
const VECTOR_BYTES = 16

let loaded: { readonly exports: Exports; readonly memory: WasmMemory } | undefined

/** The module, with so many bytes of memory from `heap` on: views of `buffer` hold until the next call. */
export function gramModule(bytes: number) {
  loaded ??= load()
  const { exports, memory } = loaded
  const heap = VECTOR_BYTES * Math.ceil(exports.HEAP.value / VECTOR_BYTES)
  const missing = heap + bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
  return { gram: exports.gram, heap, buffer: memory.buffer }
}

function load() {
  const { url } = import.meta
  const file = new URL(url.endsWith('.ts') ? '../../dist/src/refine/gram.wasm' : 'gram.wasm', url)
  const { exports, memory } = instantiate(file)
  return { exports: exports as Exports, memory }
}
