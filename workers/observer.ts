// Binds a kernel to the tensors that a run observes: where the runtime writes them, and how they are counted.

import type { Observation } from '../src/engine/protocol.js'
import { createKernel, type Kernel } from '../src/histogram/kernel.js'
import { writeSlab } from '../src/histogram/slab.js'
import type { TensorValue } from '../src/onnx/types.js'

type Values = Readonly<Record<string, TensorValue>>

export class Observer {
  readonly #tensors: readonly string[]
  readonly #inputDims: Observation['inputDims']
  readonly #kernel: Kernel
  /** The kernel's buffers as tensors, for samples of the usual dims. */
  readonly #preallocated: Values

  constructor({ tensors, dims, inputDims }: Omit<Observation, 'slab'>) {
    this.#tensors = tensors
    this.#inputDims = inputDims
    const written = tensors.flatMap((name, i) => (name in inputDims ? [] : [{ name, dims: dims[i]! }]))
    const bufferLengths = written.map(({ dims }) => dims.reduce((product, dim) => product * dim, 1))
    this.#kernel = createKernel({ numSlots: tensors.length, bufferLengths })
    this.#preallocated = Object.fromEntries(
      written.map(({ name, dims }, i) => [name, { type: 'float32', dims, data: this.#kernel.buffers[i]! } as const]),
    )
  }

  /** Starts a chunk. */
  begin(): void {
    this.#kernel.reset()
  }

  /** What to ask the runtime for: the model's outputs and the observed tensors, in preallocated memory where their dims are known. */
  fetches(outputs: readonly string[], feeds: Values): readonly string[] | Readonly<Record<string, TensorValue | null>> {
    const usual = Object.entries(this.#inputDims).every(([name, dims]) => sameDims(feeds[name]!.dims, dims))
    const wanted = [...new Set([...outputs, ...Object.keys(this.#preallocated)])]
    return usual ? Object.fromEntries(wanted.map((name) => [name, this.#preallocated[name] ?? null])) : wanted
  }

  /** Counts one forward pass: all of it, or nothing and what is wrong with it. `undoable` costs a copy of the counts. */
  observe(feeds: Values, values: Values, undoable: boolean): string | undefined {
    if (undoable) this.#kernel.begin()
    for (const [slot, name] of this.#tensors.entries()) {
      const { data } = (values[name] ?? feeds[name])!
      const bad = this.#kernel.observe(slot, data as Float32Array)
      if (bad === -1) continue
      if (undoable) this.#kernel.rollback()
      return `tensor "${name}" is ${data[bad]} at index ${bad}; the float model must be finite on calibration data`
    }
    return undefined
  }

  /** Hands over the chunk's statistics. */
  writeTo(slab: SharedArrayBuffer): void {
    writeSlab(slab, this.#tensors, (slot) => this.#kernel.read(slot))
  }
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}

let current: { readonly key: string; readonly observer: Observer } | undefined

/** One observer a thread: a run observes one model at a time. */
export function observerFor(observation: Observation): Observer {
  const { slab: _, ...rest } = observation
  const key = JSON.stringify(rest)
  if (current?.key !== key) current = { key, observer: new Observer(rest) }
  return current.observer
}
