// The tables between ONNX's element type numbers, ONNX Runtime's type names and typed arrays.

import { DataType, type ElementType, type TensorData } from '../types.js'

const formats = {
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
} as const satisfies Record<ElementType, { dataType: number; array: TensorArrayConstructor }>

/** What all constructors of TensorData share. Elements are bigint for the 64-bit integers, numbers for the rest. */
export interface TensorArrayConstructor {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (length: number): TensorData
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TensorData
}

export const elementTypes = Object.keys(formats) as readonly ElementType[]

const byNumber = new Map<number, ElementType>(elementTypes.map((type) => [formats[type].dataType, type]))

const names = new Map<number, string>(Object.entries(DataType).map(([name, number]) => [number, name]))

/** "FLOAT (1)": how messages speak of an element type. */
export function dataTypeName(dataType: number): string {
  return `${names.get(dataType) ?? 'element type'} (${dataType})`
}

/** ONNX Runtime's name of an element type; undefined for those its JavaScript API does not have (STRING, BFLOAT16...). */
export function elementTypeOf(dataType: number): ElementType | undefined {
  return byNumber.get(dataType)
}

/** Whether ONNX Runtime's name of a type is one of the numeric types squire moves. */
export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(formats, name)
}

/** ONNX's number of an element type. */
export function dataTypeOf(type: ElementType): number {
  return formats[type].dataType
}

/** The typed array that holds elements of this type. */
export function arrayOf(type: ElementType): TensorArrayConstructor {
  return formats[type].array as unknown as TensorArrayConstructor
}

/** The typed array that holds elements of this type of ONNX's; undefined where squire has none (STRING, INT4, FLOAT8...). */
export function arrayOfDataType(dataType: number): TensorArrayConstructor | undefined {
  const type = dataType === DataType.BFLOAT16 ? 'uint16' : elementTypeOf(dataType)
  return type === undefined ? undefined : arrayOf(type)
}
