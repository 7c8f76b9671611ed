// The elements of tensors that users bring.

import { areFinite } from '../../histogram/finite.js'
import { arrayOf, elementTypes } from '../../onnx/elements/datatype.js'
import type { ElementType, TensorData } from '../../onnx/types.js'

export { arrayOf, elementTypeOf } from '../../onnx/elements/datatype.js'
export { elementCount } from '../../onnx/tensor.js'

const byArrayName = new Map<string, ElementType>([
  ...elementTypes
    .filter((type) => type !== 'bool' && type !== 'float16')
    .map((type) => [arrayOf(type).name, type] as const),
  ['Uint8ClampedArray', 'uint8'],
  ['Float16Array', 'float16'],
])

/** The element type a typed array's kind stands for by itself; undefined if `data` is no typed array. */
export function elementTypeOfArray(data: unknown): ElementType | undefined {
  // The tag is the intrinsic's own name, so a Buffer counts as a Uint8Array and arrays of another realm are known too.
  return ArrayBuffer.isView(data) ? byArrayName.get(Object.prototype.toString.call(data).slice(8, -1)) : undefined
}

/** `count` elements of `bytes` as a typed array: a view where the offset is aligned, else a copy. */
export function viewBytes(bytes: Uint8Array, type: ElementType, count: number): TensorData {
  const array = arrayOf(type)
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new array(aligned.buffer, aligned.byteOffset, count)
}

export function isFloat(type: ElementType): boolean {
  return type === 'float32' || type === 'float64' || type === 'float16'
}

/** Position of the first NaN or infinity, -1 if there is none. `type` tells float16 bit patterns from uint16 numbers. */
export function findNonFinite(data: TensorData, type: ElementType): number {
  if (type === 'float16') return (data as Uint16Array).findIndex((bits) => (bits & 0x7c00) === 0x7c00)
  const finite = type === 'float32' ? areFinite(data as Float32Array) : type !== 'float64'
  return finite ? -1 : (data as Float32Array).findIndex((value) => !Number.isFinite(value))
}
