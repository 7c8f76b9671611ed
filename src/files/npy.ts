// Writes numpy's .npy format. Source: numpy/lib/format.py, version 1.0.

import type { ElementType, TensorData, TensorValue } from '../onnx/types.js'

/** numpy's names of the element types, little-endian. */
export const numpyTypes: Readonly<Record<ElementType, string>> = {
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  uint8: '|u1',
  uint16: '<u2',
  uint32: '<u4',
  uint64: '<u8',
  bool: '|b1',
}

/** Magic, version and the length of the dictionary. */
const HEAD_BYTES = 10
/** Elements begin at a multiple of this. */
const ALIGNMENT = 64

export function npyFile({ type, dims, data }: TensorValue): Uint8Array {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ')
  const dict = `{'descr': '${numpyTypes[type]}', 'fortran_order': False, 'shape': (${shape}), }`
  const length = Math.ceil((HEAD_BYTES + dict.length + 1) / ALIGNMENT) * ALIGNMENT - HEAD_BYTES
  const head = Buffer.alloc(HEAD_BYTES)
  head.write('\x93NUMPY\x01\x00', 'latin1')
  head.writeUInt16LE(length, 8)
  return Buffer.concat([head, Buffer.from(`${dict.padEnd(length - 1)}\n`, 'latin1'), rawBytes(data)])
}

export function rawBytes(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
