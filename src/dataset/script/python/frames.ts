// Frames between squire and a Python interpreter, over two pipes. Arrays travel as their bytes.
//
//   | uint32 length of the header | header: JSON in UTF-8 | bytes of its arrays, one after another |
//
// header.arrays describes them: [{"type": "<f4", "shape": [1, 3, 224, 224]}, ...]. The same layout as in package/squire_bridge/channel.py.

import { numpyTypes, rawBytes } from '../../../files/npy.js'
import type { ElementType, TensorValue } from '../../../onnx/types.js'
import { arrayOf, elementCount, viewBytes } from '../../tensors/elements.js'

export interface Frame {
  readonly header: Readonly<Record<string, unknown>>
  /** In memory of their own. */
  readonly arrays: readonly TensorValue[]
}

const types = new Map(Object.entries(numpyTypes).map(([type, name]) => [name, type as ElementType]))

/** The bytes of a frame, in the order in which they are written. The arrays' are not copied. */
export function encodeFrame(header: object, arrays: readonly TensorValue[] = []): Uint8Array[] {
  const described = arrays.map(({ type, dims }) => ({ type: numpyTypes[type], shape: dims }))
  const text = Buffer.from(JSON.stringify({ ...header, arrays: described }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  const bytes = arrays.map(({ data }) => rawBytes(data))
  return [length, text, ...bytes]
}

/** Puts frames together from what a pipe delivers in pieces of any size. */
export class FrameDecoder {
  readonly #onFrame: (frame: Frame) => void
  #wanted = Buffer.alloc(4)
  #filled = 0
  #stage: 'length' | 'header' | 'arrays' = 'length'
  #header: Frame['header'] = {}
  #described: readonly { readonly type: ElementType; readonly shape: readonly number[] }[] = []

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  push(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(piece.length - at, this.#wanted.length - this.#filled)
      this.#wanted.set(piece.subarray(at, at + count), this.#filled)
      at += count
      this.#filled += count
      while (this.#filled === this.#wanted.length) this.#complete()
    }
  }

  #complete(): void {
    const bytes = this.#wanted
    if (this.#stage === 'length') this.#expect('header', bytes.readUInt32LE())
    else if (this.#stage === 'header') {
      const { arrays, ...header } = JSON.parse(bytes.toString()) as { arrays: { type: string; shape: number[] }[] }
      this.#header = header
      this.#described = arrays.map(({ type, shape }) => ({ type: types.get(type)!, shape }))
      const length = this.#described.reduce((sum, one) => sum + byteLength(one), 0)
      this.#expect('arrays', length)
    } else {
      this.#expect('length', 4)
      this.#onFrame({ header: this.#header, arrays: split(bytes, this.#described) })
    }
  }

  #expect(stage: 'length' | 'header' | 'arrays', length: number): void {
    this.#stage = stage
    // Memory of its own, not of Node's pool: what arrives is kept, and may be handed to a worker.
    this.#wanted = Buffer.from(new ArrayBuffer(length))
    this.#filled = 0
  }
}

function split(
  bytes: Uint8Array,
  described: readonly { readonly type: ElementType; readonly shape: readonly number[] }[],
): TensorValue[] {
  let at = 0
  return described.map((one) => {
    const part = bytes.subarray(at, at + byteLength(one))
    at += part.length
    return { type: one.type, dims: one.shape, data: viewBytes(part, one.type, elementCount(one.shape)) }
  })
}

function byteLength({ type, shape }: { readonly type: ElementType; readonly shape: readonly number[] }): number {
  return elementCount(shape) * arrayOf(type).BYTES_PER_ELEMENT
}
