import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { encodeModel } from '../../../src/onnx/file/codec.js'
import { writeModel } from '../../../src/onnx/file/write.js'
import { makeNode, makeValueInfo } from '../../../src/onnx/node.js'
import { floatWeights } from '../../../src/onnx/runtime/floatWeights.js'
import { createSession } from '../../../src/onnx/runtime/session.js'
import { makeTensor } from '../../../src/onnx/tensor.js'
import { DataType, type ModelProto } from '../../../src/onnx/types.js'
import { temporaryFolder } from '../../e2e/squire.js'

const [DEPTH, COLUMNS] = [1100, 1000]
const integers = Int8Array.from({ length: DEPTH * COLUMNS }, (_, i) => ((i * 37) % 255) - 127)
const toFloat = [makeAttribute('to', DataType.FLOAT)]

/** x W, and the integers of a second tensor as they are. */
const proto: ModelProto = {
  irVersion: 8,
  opsetImport: [{ domain: '', version: 13 }],
  graph: {
    name: 'g',
    node: [
      makeNode('Cast', ['w'], ['w_float'], toFloat),
      makeNode('MatMul', ['x', 'w_float'], ['y']),
      makeNode('Cast', ['v'], ['v_float'], toFloat),
      makeNode('Add', ['x', 'v_float'], ['z']),
      makeNode('Identity', ['v'], ['v_itself']),
    ],
    initializer: [
      makeTensor('w', DataType.INT8, [DEPTH, COLUMNS], integers),
      makeTensor('v', DataType.INT8, [5, DEPTH], integers.slice(0, 5 * DEPTH)),
    ],
    input: [makeValueInfo('x', DataType.FLOAT, [1, DEPTH])],
    output: ['y', 'z', 'v_itself'].map((name) => ({ name })),
    valueInfo: [],
  },
}

it('a model with its integer weights as floats computes the same, from a file of several blocks', async () => {
  const { proto: floats, values } = floatWeights(proto)
  expect(floats.graph.node.map(({ opType }) => opType)).toEqual(['MatMul', 'Add', 'Identity'])
  expect(floats.graph.initializer.map(({ name }) => name)).toEqual(['v', 'w_float', 'v_float'])
  const file = join(temporaryFolder(), 'floats.onnx')
  await writeModel(floats, file, { maxInlineBytes: 0, values })
  const feeds = {
    x: { type: 'float32' as const, dims: [1, DEPTH], data: new Float32Array(DEPTH).map((_, i) => i % 7) },
  }
  const [expected, made] = await Promise.all(
    [createSession(encodeModel(proto)), createSession(file, { mapped: true })].map(async (opening) => {
      const session = await opening
      const outputs = await session.run(feeds)
      await session.release()
      return outputs
    }),
  )
  expect(made).toEqual(expected)
})
