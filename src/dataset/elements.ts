// The element types of tensors: ONNX's number, ONNX Runtime's name, and the typed array that holds them.

import { DataType, type ElementType, type TensorData } from '../onnx/types.js'

const table = {
  float32: { dataType: DataType.FLOAT, array: Float32Array },
  float64: { dataType: DataType.DOUBLE, array: Float64Array },
  float16: { dataType: DataType.FLOAT16, array: Uint16Array },
  int8: { dataType: DataType.INT8, array: Int8Array },
  uint8: { dataType: DataType.UINT8, array: Uint8Array },
  int16: { dataType: DataType.INT16, array: Int16Array },
  uint16: { dataType: DataType.UINT16, array: Uint16Array },
  int32: { dataType: DataType.INT32, array: Int32Array },
  uint32: { dataType: DataType.UINT32, array: Uint32Array },
  int64: { dataType: DataType.INT64, array: BigInt64Array },
  uint64: { dataType: DataType.UINT64, array: BigUint64Array },
  bool: { dataType: DataType.BOOL, array: Uint8Array },
} as const satisfies Record<ElementType, { dataType: DataType; array: TensorArrayConstructor }>

/** What all constructors of TensorData share. Elements are bigint for the 64-bit integers, numbers for the rest. */
export interface TensorArrayConstructor {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (length: number): TensorData
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData
}

const byDataType = new Map<number, ElementType>(
  Object.entries(table).map(([type, entry]) => [entry.dataType, type as ElementType]),
)

const byArrayName = new Map<string, ElementType>([
  ...Object.entries(table)
    .filter(([type]) => type !== 'bool' && type !== 'float16')
    .map(([type, entry]) => [entry.array.name, type as ElementType] as const),
  ['Uint8ClampedArray', 'uint8'],
  ['Float16Array', 'float16'],
])

/** The element type of an ONNX data type number; undefined for those no session input can have (strings, bfloat16). */
export function elementTypeOf(dataType: number): ElementType | undefined {
  return byDataType.get(dataType)
}

/** The element type a typed array's kind stands for by itself; undefined if `data` is no typed array. */
export function elementTypeOfArray(data: unknown): ElementType | undefined {
  // The tag is the intrinsic's own name, so a Buffer counts as a Uint8Array and arrays of another realm are known too.
  return ArrayBuffer.isView(data) ? byArrayName.get(Object.prototype.toString.call(data).slice(8, -1)) : undefined
}

export function arrayOf(type: ElementType): TensorArrayConstructor {
  return table[type].array as unknown as TensorArrayConstructor
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

/** Number of elements of a tensor with these dims. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}

/** Position of the first NaN or infinity, -1 if there is none. `type` tells float16 bit patterns from uint16 numbers. */
export function findNonFinite(data: TensorData, type: ElementType): number {
  if (type === 'float16') return (data as Uint16Array).findIndex((bits) => (bits & 0x7c00) === 0x7c00)
  if (type !== 'float32' && type !== 'float64') return -1
  const values = data as Float32Array
  return allFinite(values) ? -1 : values.findIndex((value) => !Number.isFinite(value))
}

/** x * 0 is 0 for every finite x and NaN for the others. Four sums, so that no addition waits for the one before it. */
function allFinite(values: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0]
  const whole = values.length - (values.length % 4)
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * 0
    b += values[i + 1]! * 0
    c += values[i + 2]! * 0
    d += values[i + 3]! * 0
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * 0
  return a + b + c + d === 0
}
