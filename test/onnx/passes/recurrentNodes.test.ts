// ONNX's own tests of recurrent nodes, as Debian packages them (libonnx-testdata), for what the lowering gives: another tool's numbers, of forms that
// the runtime does not run too (layout 1).

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { elementTypeOf } from '../../../src/onnx/datatype.js'
import { lowerRecurrent } from '../../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { decodeMessage } from '../../../src/onnx/schema.js'
import { tensorData, tensorDims } from '../../../src/onnx/tensor.js'
import type { ModelProto, TensorProto, TensorValue } from '../../../src/onnx/types.js'
import { operators, runModel } from '../models.js'

const folder = '/usr/share/libonnx-testdata/data/node'
const present = existsSync(folder)
if (!present)
  console.warn(`\nSKIPPED: ONNX's tests of recurrent nodes, for want of ${folder} (Debian: libonnx-testdata).\n`)

/** A tensor in a file of its own, read as the only initializer of a model. */
function readTensor(path: string): TensorProto {
  const field = (number: number, bytes: Uint8Array) => {
    const length: number[] = []
    for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
      length.push(rest < 128 ? rest : (rest % 128) + 128)
      if (rest < 128) return Uint8Array.from([number * 8 + 2, ...length, ...bytes])
    }
  }
  const model = decodeMessage(field(7, field(5, readFileSync(path)))) as unknown as ModelProto
  return model.graph.initializer[0]!
}

function asValue(tensor: TensorProto): TensorValue {
  return { type: elementTypeOf(tensor.dataType)!, dims: tensorDims(tensor), data: tensorData(tensor) }
}

/** The node's model, with all inputs but the sequence as constants, and what its outputs should be. */
function nodeTest(name: string) {
  const proto = decodeMessage(readFileSync(join(folder, name, 'model.onnx'))) as unknown as ModelProto
  const data = (way: string, i: number) => readTensor(join(folder, name, 'test_data_set_0', `${way}_${i}.pb`))
  const [x, ...others] = proto.graph.input
  const initializer = others.map((info, i) => ({ ...data('input', i + 1), name: info.name }))
  const expected = proto.graph.output.map((info, i) => [info.name, asValue(data('output', i))] as const)
  const model: ModelProto = { ...proto, graph: { ...proto.graph, input: [x!], initializer } }
  return { model, feeds: { [x!.name]: asValue(data('input', 0)) }, expected }
}

const names = present ? readdirSync(folder).filter((name) => /^test_(gru|lstm|rnn|simple_rnn)_/.test(name)) : []

it.skipIf(!present)('there are a dozen', () => expect(names.length).toBeGreaterThanOrEqual(12))

it.each(names)('%s', async (name) => {
  const { model, feeds, expected } = nodeTest(name)
  const { proto } = await lowerRecurrent.apply(model)
  expect(operators(proto)).toContain('Scan')
  const results = await runModel(proto, feeds)
  for (const [output, { dims, data }] of expected) {
    expect(results[output]!.dims).toEqual(dims)
    for (const [i, value] of data.entries()) expect(Number(results[output]!.data[i])).toBeCloseTo(Number(value), 5)
  }
})
