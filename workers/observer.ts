// Binds a kernel to the tensors that a run observes: where the runtime writes them, and how they are counted.

import { type StackAxes, slicesOf, stackedDims } from '../src/dataset/batch.js'
import { arrayOf, elementCount, elementTypeOf } from '../src/dataset/tensors/elements.js'
import type { Observation } from '../src/engine/protocol.js'
import { writeBuffer } from '../src/histogram/buffer.js'
import { createKernel, type Kernel } from '../src/histogram/kernel.js'
import { type BlockedLayout, blockedDims, firstNonFinite } from '../src/onnx/runtime/layout.js'
import { HIGHEST_MASKED_SUM } from '../src/onnx/scores.js'
import type { TensorInfo, TensorValue } from '../src/onnx/types.js'
import { own } from '../src/own.js'

type Values = Readonly<Record<string, TensorValue>>
type Fetches = Readonly<Record<string, TensorValue | null>>

export class Observer {
  readonly #tensors: readonly string[]
  readonly #inputDims: Observation['inputDims']
  readonly #stacked: number
  readonly #axes: StackAxes
  readonly #blocked: Observation['blocked']
  readonly #masked: ReadonlySet<string>
  readonly #kernel: Kernel
  /**
   * Where the runtime writes for a stack of samples of the usual dims: observed tensors into the kernel's buffers, the model's own outputs into
   * arrays that the next sample overwrites. null: the runtime allocates.
   */
  readonly #preallocated: Fetches
  readonly #names: readonly string[]
  /** Arrays in the kernel's memory that the inputs of stacked samples are copied to; empty where samples are not stacked. */
  readonly stack: Values

  constructor({ tensors, dims, blocked, masked, stacked, stackAxes, inputDims, outputs }: Omit<Observation, 'buffer'>) {
    this.#tensors = tensors
    const rows = (name: string, dims: readonly number[]) => stackedDims(dims, stacked, own(stackAxes, name))
    this.#inputDims = inputDims
    this.#stacked = stacked
    this.#axes = stackAxes
    this.#blocked = blocked
    this.#masked = new Set(masked)
    const held = (name: string, dims: readonly number[]) => {
      const layout = own(blocked, name)
      return { name, dims: rows(name, layout === undefined ? dims : blockedDims(dims, layout.block)) }
    }
    const written = tensors.flatMap((name, i) => (Object.hasOwn(inputDims, name) ? [] : [held(name, dims[i]!)]))
    // Stacking copies inputs in any case: so they are copied to where the kernel can count them.
    const fed = stacked === 1 ? [] : Object.entries(inputDims).map(([name, dims]) => ({ name, dims: rows(name, dims) }))
    this.#kernel = createKernel({
      numSlots: tensors.length,
      bufferLengths: [...written, ...fed].map(({ dims }) => elementCount(dims)),
    })
    const inBuffer = ({ name, dims }: { name: string; dims: readonly number[] }, i: number) =>
      [name, { type: 'float32', dims, data: this.#kernel.buffers[i]! }] as const
    this.stack = Object.fromEntries(fed.map((one, i) => inBuffer(one, written.length + i)))
    this.#preallocated = {
      // The runtime does not write to a preallocated output that is an input of the model as well. Dims that vary are unknown before the run.
      ...Object.fromEntries(
        Object.entries(outputs).map(([name, info]) => [
          name,
          Object.hasOwn(inputDims, name) || info.varies ? null : emptyTensor({ ...info, dims: rows(name, info.dims) }),
        ]),
      ),
      ...Object.fromEntries(written.map(inBuffer)),
    }
    this.#names = Object.keys(this.#preallocated)
  }

  /** Starts a chunk. */
  begin(): void {
    this.#kernel.reset()
  }

  /** Whether a sample has the dims that the others have. */
  isUsual(feeds: Values): boolean {
    return Object.entries(this.#inputDims).every(([name, dims]) => sameDims(feeds[name]!.dims, dims))
  }

  /** What to ask the runtime for: in preallocated memory where the dims are known. */
  fetches(feeds: Values): readonly string[] | Fetches {
    const usual = Object.entries(this.#inputDims).every(([name, dims]) =>
      sameDims(feeds[name]!.dims, stackedDims(dims, this.#stacked, own(this.#axes, name))),
    )
    return usual ? this.#preallocated : this.#names
  }

  /**
   * Counts the first `part` of the samples of one forward pass: all of it, or nothing and what is wrong with it. `undoable` costs a copy of
   * the counts.
   */
  observe(feeds: Values, values: Values, undoable: boolean, part = 1): string | undefined {
    if (undoable) this.#kernel.begin()
    for (const [slot, name] of this.#tensors.entries()) {
      const given = (own(values, name) ?? feeds[name])!
      const bad = this.#count(slot, name, this.#masked.has(name) ? unmasked(given) : given, part)
      if (bad === undefined) continue
      if (undoable) this.#kernel.rollback()
      return `tensor "${name}" is ${bad.value} at index ${bad.index}; the float model must be finite on calibration data`
    }
    return undefined
  }

  /** Counts a tensor's values. Returns the first, in row order, that is not finite. */
  #count(slot: number, name: string, { data, dims }: TensorValue, part: number) {
    const layout = own(this.#blocked, name)
    const slices = part === 1 ? 1 : slicesOf(dims, own(this.#axes, name))
    if (slices > 1) return this.#countSlices(slot, data as Float32Array, slices, part)
    const values = data.subarray(0, data.length * part) as Float32Array
    if (layout === undefined) {
      const index = this.#kernel.observe(slot, values)
      return index === -1 ? undefined : { index, value: values[index] }
    }
    const rows = dims[0]! * part
    return this.#countBlocked(slot, values, rows, layout) ? undefined : firstNonFinite(values, rows, layout)
  }

  /** Counts the first part of each slice. */
  #countSlices(slot: number, data: Float32Array, slices: number, part: number) {
    const length = data.length / slices
    for (let slice = 0; slice < slices; slice++) {
      const values = data.subarray(slice * length, (slice + part) * length)
      const index = this.#kernel.observe(slot, values)
      if (index !== -1) return { index: slice * length * part + index, value: values[index] }
    }
    return undefined
  }

  /** Counts all but the padding. Returns whether all are finite. */
  #countBlocked(slot: number, values: Float32Array, rows: number, { channels, block }: BlockedLayout): boolean {
    const lanes = channels % block
    if (lanes === 0) return this.#kernel.observe(slot, values) === -1
    const row = values.length / rows
    const unpadded = (row * (channels - lanes)) / (channels - lanes + block)
    for (let start = 0; start < values.length; start += row) {
      const last = start + unpadded
      if (unpadded > 0 && this.#kernel.observe(slot, values.subarray(start, last)) !== -1) return false
      if (!this.#kernel.observeLanes(slot, values.subarray(last, start + row), lanes, block)) return false
    }
    return true
  }

  /** Hands over the chunk's statistics. */
  writeTo(buffer: SharedArrayBuffer): void {
    writeBuffer(buffer, this.#tensors, (slot, counts) => this.#kernel.read(slot, counts))
  }
}

/** The scores with zeros, which every scale holds, in place of masked ones. */
function unmasked(scores: TensorValue): TensorValue {
  const data = scores.data.slice() as Float32Array
  for (let i = 0; i < data.length; i++) if (data[i]! <= HIGHEST_MASKED_SUM) data[i] = 0
  return { ...scores, data }
}

function emptyTensor({ dataType, dims }: TensorInfo): TensorValue | null {
  const type = elementTypeOf(dataType)
  return type === undefined ? null : { type, dims, data: new (arrayOf(type))(elementCount(dims)) }
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}

let current: { readonly key: string; readonly observer: Observer } | undefined

/** The thread's only observer; undefined, and its memory freed, once there is nothing to observe. */
export function observerFor(observation: Observation | undefined): Observer | undefined {
  if (observation === undefined) current = undefined
  else {
    const { buffer: _, ...rest } = observation
    const key = JSON.stringify(rest)
    if (current?.key !== key) current = { key, observer: new Observer(rest) }
  }
  return current?.observer
}
