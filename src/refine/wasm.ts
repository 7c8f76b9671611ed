// The WebAssembly half of the Gram matrices (assembly/gram.ts): one instance a thread.

import { freeFrom, growTo, instantiate, type WasmGlobal, type WasmInstance, wasmFile } from '../wasm/instance.js'

/** The exports of assembly/gram.ts: addresses and strides are bytes. */
interface Exports {
  gram(from: number, rows: number, stride: number, to: number): void
  readonly HEAP: WasmGlobal
}

let loaded: WasmInstance<Exports> | undefined

/** The module, with so many bytes of memory from `heap` on: views of `buffer` hold until the next call. */
export function gramModule(bytes: number) {
  loaded ??= instantiate(wasmFile('gram.wasm', import.meta.url))
  const heap = freeFrom(loaded)
  growTo(heap + bytes, loaded)
  return { gram: loaded.exports.gram, heap, buffer: loaded.memory.buffer }
}
