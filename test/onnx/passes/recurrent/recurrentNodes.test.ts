// ONNX's own tests of recurrent nodes, as Debian packages them (libonnx-testdata), for what the lowering gives: another tool's numbers, of forms that
// the runtime does not run too (layout 1).

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { asValue, decodeTensor, readTest } from '../../../../scripts/nodes/tests.js'
import { lowerRecurrent } from '../../../../src/onnx/passes/recurrent/lowerRecurrent.js'
import type { ModelProto } from '../../../../src/onnx/types.js'
import { operators, runModel } from '../../models.js'

const folder = '/usr/share/libonnx-testdata/data/node'
const present = existsSync(folder)
if (!present)
  console.warn(`\nSKIPPED: ONNX's tests of recurrent nodes, for want of ${folder} (Debian: libonnx-testdata).\n`)

/** The node's model, with all inputs but the sequence as constants, and what its outputs should be. */
async function nodeTest(name: string) {
  const { proto, inputs } = await readTest(folder, name)
  const [x, ...others] = proto.graph.input
  const initializer = others.map((info) => inputs!.get(info.name)!)
  const data = (i: number) => decodeTensor(readFileSync(join(folder, name, 'test_data_set_0', `output_${i}.pb`)))
  const expected = proto.graph.output.map((info, i) => [info.name, asValue(data(i))] as const)
  const model: ModelProto = { ...proto, graph: { ...proto.graph, input: [x!], initializer } }
  return { model, feeds: { [x!.name]: asValue(inputs!.get(x!.name)!) }, expected }
}

const names = present ? readdirSync(folder).filter((name) => /^test_(gru|lstm|rnn|simple_rnn)_/.test(name)) : []

it.skipIf(!present)('there are a dozen', () => expect(names.length).toBeGreaterThanOrEqual(12))

it.each(names)('%s', async (name) => {
  const { model, feeds, expected } = await nodeTest(name)
  const { proto } = await lowerRecurrent.apply(model)
  expect(operators(proto)).toContain('Scan')
  const results = await runModel(proto, feeds)
  for (const [output, { dims, data }] of expected) {
    expect(results[output]!.dims).toEqual(dims)
    for (const [i, value] of data.entries()) expect(Number(results[output]!.data[i])).toBeCloseTo(Number(value), 5)
  }
})
