// The WebAssembly half of the kernel (assembly/kernel.ts).

import { instantiate, type WasmGlobal, type WasmInstance, wasmFile } from '../wasm/instance.js'

/** The exports of assembly/kernel.ts: addresses and steps are bytes, lengths are floats. */
export interface WasmExports {
  observe(slot: number, values: number, length: number, step: number): number
  release(): void
  magnitude(values: number, length: number, step: number): number
  readonly HEAP: WasmGlobal
  readonly SLOT_BYTES: WasmGlobal
  readonly SCALE: WasmGlobal
  readonly LIMIT: WasmGlobal
  readonly EXPONENT: WasmGlobal
  readonly MIN: WasmGlobal
  readonly MAX: WasmGlobal
  readonly ZEROS: WasmGlobal
  readonly NEGATIVES: WasmGlobal
  readonly COUNT: WasmGlobal
}

/** A new instance with a memory of its own. */
export function loadKernel(): WasmInstance<WasmExports> {
  return instantiate(wasmFile('kernel.wasm', import.meta.url))
}
