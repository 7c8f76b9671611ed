import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeFrame, type Frame, FrameDecoder } from '../../../../src/dataset/script/python/frames.js'
import { arrayOf, elementTypes } from '../../../../src/onnx/elements/datatype.js'
import type { ElementType, TensorValue } from '../../../../src/onnx/types.js'

const tensor: fc.Arbitrary<TensorValue> = fc
  .tuple(
    fc.constantFrom<ElementType>(...elementTypes),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    fc.uint8Array({ minLength: 216, maxLength: 216 }),
  )
  .map(([type, dims, bytes]) => {
    const count = dims.reduce((product, dim) => product * dim, 1)
    return { type, dims, data: new (arrayOf(type))(bytes.slice().buffer, 0, count) }
  })

const frames = fc.array(fc.record({ header: fc.dictionary(fc.string(), fc.string()), arrays: fc.array(tensor) }))
const pieces = fc.infiniteStream(fc.integer({ min: 1, max: 50 }))

it('frames come out as they went in, however a pipe cuts and joins them', () =>
  fc.assert(
    fc.property(frames, pieces, (given, cuts) => {
      const sent = given.map(({ header, arrays }) => ({ header: { ...header, arrays: 0 }, arrays }))
      const bytes = Buffer.concat(sent.flatMap(({ header, arrays }) => encodeFrame(header, arrays)))
      const got: Frame[] = []
      const decoder = new FrameDecoder((frame) => got.push(frame))
      for (let at = 0; at < bytes.length; ) {
        const to = at + cuts.next().value!
        decoder.push(bytes.subarray(at, to))
        at = to
      }
      expect(got.length).toBe(given.length)
      for (const [i, { header, arrays }] of got.entries()) {
        const { arrays: _, ...expected } = sent[i]!.header
        expect(header).toEqual(expected)
        expect(arrays.map(({ type, dims }) => ({ type, dims }))).toEqual(
          given[i]!.arrays.map(({ type, dims }) => ({ type, dims })),
        )
        for (const [k, { data }] of arrays.entries()) expect(bytesOf(data)).toEqual(bytesOf(given[i]!.arrays[k]!.data))
      }
    }),
  ))

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorValue['data']) => Buffer.from(buffer, byteOffset, byteLength)
