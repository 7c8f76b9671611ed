// The header of numpy's .npy format: element type, shape, and where the elements begin.
// Source: numpy/lib/format.py (versions 1.0 to 3.0).

import { SquireError } from '../../../errors.js'
import type { ElementType } from '../../../onnx/types.js'

export interface NpyHeader {
  readonly type: ElementType
  readonly shape: readonly number[]
  /** Byte where the elements begin, row-major. */
  readonly start: number
}

/** Bytes that hold the whole header of any file numpy writes for plain arrays. */
export const NPY_HEAD_BYTES = 4096

const types: Readonly<Record<string, ElementType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
}

/** @throws SquireError DATA when the bytes are not the beginning of an .npy file, or of one squire does not read */
export function parseNpyHeader(head: Uint8Array): NpyHeader {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw unreadable('does not begin as an .npy file')
  const wide = bytes[6]! >= 2
  const at = wide ? 12 : 10
  const start = at + (wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8))
  const text = bytes.toString('latin1', at, start)
  const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(text)
  const shape = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)
  if (start > bytes.length || shape === null) throw unreadable('has an .npy header that cannot be read')
  const type = types[descr?.[2] ?? '']
  if (type === undefined) {
    throw unreadable(
      `has elements of type ${/'descr':\s*(.*?),\s*'fortran/.exec(text)?.[1] ?? '?'}; expected numbers or bool`,
    )
  }
  if (descr?.[1] === '>')
    throw unreadable("has big-endian elements; convert them with array.astype(array.dtype.newbyteorder('<'))")
  const dims = (shape[1]!.match(/\d+/g) ?? []).map(Number)
  if (/'fortran_order':\s*True/.test(text) && dims.length > 1) {
    throw unreadable('is in Fortran order; save numpy.ascontiguousarray(array) instead')
  }
  return { type, shape: dims, start }
}

function unreadable(problem: string): SquireError {
  return new SquireError('DATA', problem)
}
