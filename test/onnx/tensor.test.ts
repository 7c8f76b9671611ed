import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeModel, encodeModel } from '../../src/onnx/model.js'
import { floatValues, makeTensor, tensorData, tensorDims } from '../../src/onnx/tensor.js'
import { DataType, type TensorData, type TensorProto } from '../../src/onnx/types.js'
import { model } from './models.js'

/** One row a type: what it is held in, and its elements in the typed field that ONNX gives it. */
const typed: readonly [string, Partial<TensorProto>, TensorData][] = [
  ['FLOAT', { floatData: [1.5, -2] }, Float32Array.of(1.5, -2)],
  ['DOUBLE', { doubleData: [0.1, -2] }, Float64Array.of(0.1, -2)],
  ['INT8', { int32Data: [-128, 127] }, Int8Array.of(-128, 127)],
  ['UINT8', { int32Data: [255, 0] }, Uint8Array.of(255, 0)],
  ['INT16', { int32Data: [-32768, 7] }, Int16Array.of(-32768, 7)],
  ['UINT16', { int32Data: [65535, 7] }, Uint16Array.of(65535, 7)],
  ['INT32', { int32Data: [-(2 ** 31), 7] }, Int32Array.of(-(2 ** 31), 7)],
  ['UINT32', { uint64Data: [2 ** 32 - 1, 7] }, Uint32Array.of(2 ** 32 - 1, 7)],
  ['INT64', { int64Data: [-1, 2 ** 40] }, BigInt64Array.of(-1n, 2n ** 40n)],
  ['UINT64', { uint64Data: [{ low: -1, high: -1, unsigned: true }, 3] }, BigUint64Array.of(2n ** 64n - 1n, 3n)],
  ['BOOL', { int32Data: [1, 0] }, Uint8Array.of(1, 0)],
  ['FLOAT16', { int32Data: [0x3c00, 0xc000] }, Uint16Array.of(0x3c00, 0xc000)],
  ['BFLOAT16', { int32Data: [0x3f80, 0xc000] }, Uint16Array.of(0x3f80, 0xc000)],
]

function throughFile(tensor: TensorProto): TensorProto {
  const proto = model({ nodes: [], constants: [tensor], outputs: [tensor.name] })
  return decodeModel(encodeModel(proto)).graph.initializer[0]!
}

describe('tensors', () => {
  it.each(typed)('of %s are read from typed fields and from raw data alike', (type, fields, data) => {
    const dataType = DataType[type as keyof typeof DataType]
    const fromFields = throughFile({ name: 't', dims: [2, 1], dataType, ...fields })
    const fromRaw = throughFile(makeTensor('t', dataType, [2, 1], data))
    expect(tensorData(fromFields)).toEqual(data)
    expect(tensorData(fromRaw)).toEqual(data)
    expect(tensorDims(fromRaw)).toEqual([2, 1])
  })

  it('are read from raw data at any offset of the file', () => {
    fc.assert(
      fc.property(fc.nat(15), fc.array(fc.double({ noNaN: true })), (offset, values) => {
        const bytes = new Uint8Array(offset + values.length * 8)
        bytes.set(new Uint8Array(Float64Array.from(values).buffer), offset)
        const tensor = { name: 't', dims: [values.length], dataType: DataType.DOUBLE, rawData: bytes.subarray(offset) }
        expect([...tensorData(tensor)]).toEqual(values)
      }),
    )
  })

  it('have one element without dims, none with a zero among them', () => {
    expect(tensorData(makeTensor('scalar', DataType.FLOAT, [], Float32Array.of(3)))).toEqual(Float32Array.of(3))
    expect(tensorData(throughFile({ name: 't', dims: [0], dataType: DataType.FLOAT }))).toEqual(new Float32Array())
  })

  it('fail when their bytes do not fill their dims', () => {
    const short = { name: 'w', dims: [3], dataType: DataType.FLOAT, rawData: new Uint8Array(8) }
    expect(() => tensorData(short)).toThrow('tensor "w": expected 3 elements for its dims [3], got 2')
    const odd = { ...short, rawData: new Uint8Array(9) }
    expect(() => tensorData(odd)).toThrow('tensor "w": expected a multiple of 4 bytes of raw data, got 9')
  })

  it('of a type squire cannot hold fail by name', () => {
    const text = { name: 'labels', dims: [1], dataType: DataType.STRING, stringData: [new Uint8Array()] }
    expect(() => tensorData(text)).toThrow('tensor "labels" has STRING (8), which squire cannot read')
  })

  it('are not made from data of another type or number of elements', () => {
    expect(() => makeTensor('w', DataType.FLOAT, [1], Int8Array.of(1))).toThrow('cannot be held in a Int8Array')
    expect(() => makeTensor('w', DataType.FLOAT, [2], Float32Array.of(1))).toThrow('1 elements do not fill dims [2]')
  })
})

describe('floatValues', () => {
  it('widens half precision exactly, subnormals and infinities too', () => {
    const halves: readonly [number, number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3555, 0.333251953125],
      [0x7bff, 65504],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ]
    const bits = Uint16Array.from(halves, ([half]) => half)
    expect([...floatValues(makeTensor('h', DataType.FLOAT16, [9], bits))]).toEqual(halves.map(([, value]) => value))
  })

  it('widens bfloat16 and rounds doubles', () => {
    const b = makeTensor('b', DataType.BFLOAT16, [2], Uint16Array.of(0x3fc0, 0xc000))
    expect(floatValues(b)).toEqual(Float32Array.of(1.5, -2))
    const d = makeTensor('d', DataType.DOUBLE, [1], Float64Array.of(0.1))
    expect(floatValues(d)).toEqual(Float32Array.of(0.1))
  })

  it('refuses integers', () => {
    const integers = makeTensor('n', DataType.INT8, [1], Int8Array.of(1))
    expect(() => floatValues(integers)).toThrow('tensor "n": expected floating-point elements, got INT8 (3)')
  })
})
