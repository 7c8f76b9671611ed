// Tensors: the one place that knows where a TensorProto keeps its elements (raw bytes, typed fields, a file beside the model).
// Data are little-endian, as on every host squire runs on.

import { SquireError } from '../errors.js'
import { arrayOfDataType, dataTypeName, type TensorArrayConstructor } from './elements/datatype.js'
import { bfloat16ToFloat32, float16ToFloat32 } from './elements/float16.js'
import { toBigInt, toNumber } from './elements/int64.js'
import { readExternal } from './file/external.js'
import { DataType, type TensorData, type TensorProto } from './types.js'

/** The tensor's dims; [] is a scalar. */
export function tensorDims(tensor: TensorProto): number[] {
  return tensor.dims.map(toNumber)
}

/** How many elements a tensor of these dims has: 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1)
}

/** The coordinates of the element at an index in row order. */
export function coordinates(index: number, dims: readonly number[]): number[] {
  let rest = index
  return dims
    .toReversed()
    .map((dim) => {
      const at = rest % dim
      rest = Math.floor(rest / dim)
      return at
    })
    .reverse()
}

/**
 * The elements, row-major. May be a view into the model's bytes: never write to it. Data kept in a file beside the model are read from disk
 * at every call, so that a large model is not held twice.
 */
export function tensorData(tensor: TensorProto): TensorData {
  const Elements = arrayOfDataType(tensor.dataType)
  if (Elements === undefined) {
    const type = dataTypeName(tensor.dataType)
    throw new SquireError('UNSUPPORTED', `tensor "${tensor.name}" has ${type}, which squire cannot read`)
  }
  const bytes = isExternal(tensor) ? readExternal(tensor) : tensor.rawData
  const data = bytes === undefined ? typedData(tensor) : viewBytes(tensor, bytes, Elements)
  const expected = elementCount(tensorDims(tensor))
  if (data.length === expected) return data
  throw damaged(tensor, `${expected} elements for its dims [${tensorDims(tensor)}]`, `${data.length}`)
}

/** FLOAT, DOUBLE, FLOAT16 or BFLOAT16 elements as float32. May be a view: never write to it. */
export function floatValues(tensor: TensorProto): Float32Array {
  const data = tensorData(tensor)
  if (data instanceof Float32Array) return data
  if (data instanceof Float64Array) return Float32Array.from(data)
  if (data instanceof Uint16Array && tensor.dataType === DataType.FLOAT16) return float16ToFloat32(data)
  if (data instanceof Uint16Array && tensor.dataType === DataType.BFLOAT16) return bfloat16ToFloat32(data)
  throw damaged(tensor, 'floating-point elements', dataTypeName(tensor.dataType))
}

/** A tensor over `data`, which is not copied: do not change it afterwards. */
export function makeTensor(name: string, dataType: number, dims: readonly number[], data: TensorData): TensorProto {
  const Elements = arrayOfDataType(dataType)
  if (Elements === undefined || !(data instanceof Elements)) {
    throw new TypeError(`tensor "${name}": ${dataTypeName(dataType)} cannot be held in a ${data.constructor.name}`)
  }
  if (data.length !== elementCount(dims)) {
    throw new RangeError(`tensor "${name}": ${data.length} elements do not fill dims [${dims}]`)
  }
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return { name, dims: [...dims], dataType, rawData }
}

/** Bytes the elements take; 0 for types squire has no array for. */
export function tensorByteLength(tensor: TensorProto): number {
  if (!isExternal(tensor) && tensor.rawData !== undefined) return tensor.rawData.byteLength
  return elementCount(tensorDims(tensor)) * (arrayOfDataType(tensor.dataType)?.BYTES_PER_ELEMENT ?? 0)
}

/** Whether the elements are in a file beside the model. */
export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === 1
}

function viewBytes(tensor: TensorProto, bytes: Uint8Array, Elements: TensorArrayConstructor): TensorData {
  const size = Elements.BYTES_PER_ELEMENT
  if (bytes.byteLength % size !== 0) {
    throw damaged(tensor, `a multiple of ${size} bytes of raw data`, `${bytes.byteLength}`)
  }
  // A typed array must start at a multiple of its element size; a field in the middle of a file need not.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)
  return new Elements(aligned.buffer, aligned.byteOffset, aligned.byteLength / size)
}

/** onnx.proto, TensorProto: which typed field holds which element types. */
function typedData(tensor: TensorProto): TensorData {
  const small = tensor.int32Data ?? []
  switch (tensor.dataType) {
    case DataType.FLOAT:
      return Float32Array.from(tensor.floatData ?? [])
    case DataType.DOUBLE:
      return Float64Array.from(tensor.doubleData ?? [])
    case DataType.INT64:
      return BigInt64Array.from((tensor.int64Data ?? []).map(toBigInt))
    case DataType.UINT64:
      return BigUint64Array.from((tensor.uint64Data ?? []).map(toBigInt))
    case DataType.UINT32:
      return Uint32Array.from((tensor.uint64Data ?? []).map(toNumber))
    case DataType.INT32:
      return Int32Array.from(small)
    case DataType.INT16:
      return Int16Array.from(small)
    case DataType.INT8:
      return Int8Array.from(small)
    case DataType.UINT8:
    case DataType.BOOL:
      return Uint8Array.from(small)
    default: // UINT16, FLOAT16, BFLOAT16
      return Uint16Array.from(small)
  }
}

function damaged(tensor: TensorProto, expected: string, got: string): SquireError {
  return new SquireError(
    'MODEL',
    `tensor "${tensor.name}": expected ${expected}, got ${got}; the model is damaged, export it again`,
  )
}
