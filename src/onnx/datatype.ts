// The tables between ONNX's element type numbers, ONNX Runtime's type names and typed arrays.

import { SquireError } from '../errors.js'
import { DataType, type ElementType, type TensorData } from './types.js'

interface ArrayConstructor {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (length: number): TensorData
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TensorData
}

interface ElementFormat {
  readonly dataType: number
  readonly elementType: ElementType | undefined
  readonly array: ArrayConstructor
}

const formats: readonly ElementFormat[] = [
  { dataType: DataType.FLOAT, elementType: 'float32', array: Float32Array },
  { dataType: DataType.UINT8, elementType: 'uint8', array: Uint8Array },
  { dataType: DataType.INT8, elementType: 'int8', array: Int8Array },
  { dataType: DataType.UINT16, elementType: 'uint16', array: Uint16Array },
  { dataType: DataType.INT16, elementType: 'int16', array: Int16Array },
  { dataType: DataType.INT32, elementType: 'int32', array: Int32Array },
  { dataType: DataType.INT64, elementType: 'int64', array: BigInt64Array },
  { dataType: DataType.BOOL, elementType: 'bool', array: Uint8Array },
  { dataType: DataType.FLOAT16, elementType: 'float16', array: Uint16Array },
  { dataType: DataType.DOUBLE, elementType: 'float64', array: Float64Array },
  { dataType: DataType.UINT32, elementType: 'uint32', array: Uint32Array },
  { dataType: DataType.UINT64, elementType: 'uint64', array: BigUint64Array },
  { dataType: DataType.BFLOAT16, elementType: undefined, array: Uint16Array },
]

const byNumber = new Map(formats.map((format) => [format.dataType, format]))
const byElementType = new Map(formats.flatMap((format) => (format.elementType ? [[format.elementType, format]] : [])))

const names = new Map<number, string>(Object.entries(DataType).map(([name, number]) => [number, name]))

/** "FLOAT (1)": how messages speak of an element type. */
export function dataTypeName(dataType: number): string {
  return `${names.get(dataType) ?? 'element type'} (${dataType})`
}

/** ONNX Runtime's name of an element type; undefined for those its JavaScript API does not have (STRING, BFLOAT16...). */
export function elementTypeOf(dataType: number): ElementType | undefined {
  return byNumber.get(dataType)?.elementType
}

/** Whether ONNX Runtime's name of a type is one of the numeric types squire moves. */
export function isElementType(name: string): name is ElementType {
  return byElementType.has(name as ElementType)
}

/** ONNX's number of an element type. */
export function dataTypeOf(elementType: ElementType): number {
  const format = byElementType.get(elementType)
  if (format === undefined) throw new SquireError('DATA', `"${elementType}" is not an element type`)
  return format.dataType
}

/** The typed array that holds elements of this type; undefined where squire has none (STRING, INT4, FLOAT8...). */
export function arrayOf(dataType: number): ArrayConstructor | undefined {
  return byNumber.get(dataType)?.array
}
