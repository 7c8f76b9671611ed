// Rows of options that change the model before it is quantized.

import { expect } from 'vitest'
import { DataType } from '../../../src/onnx/types.js'
import { write } from '../../e2e/tiny.js'
import { op, weights } from '../../e2e/zoo.js'
import { feedsFor, largestDifference, model, operators, runModel } from '../../onnx/models.js'
import { dynamic, folder, image, inputsOf, network, noise, plain, run, same } from '../run.js'
import type { Ran, Rows } from './row.js'

const loose = write(
  model({
    nodes: [op('Conv: x w -> c', same), op('Identity: c -> i'), op('Relu: i -> y')],
    constants: [weights('w', 4, 3, 3, 3)],
  }),
  folder,
  'loose.onnx',
)

const normalization = {
  words: '--mean 0.1 0.2 0.3 --std 0.5 0.5 0.25',
  json: { mean: '0.1 0.2 0.3', std: [0.5, '0.5', 0.25] },
  /** The model computes of x what the network computes of (x - mean) / std. */
  shows: async ({ written }: Ran) => {
    const optimized = written('steps/optimized.onnx')
    const { x } = feedsFor(network())
    const [means, deviations] = [
      [0.1, 0.2, 0.3],
      [0.5, 0.5, 0.25],
    ]
    const data = Float32Array.from(x!.data as Float32Array, (value, i) => {
      const channel = Math.floor(i / 64)
      return (value - means[channel]!) / deviations[channel]!
    })
    const expected = await runModel(network(), { x: { ...x!, data } })
    expect(largestDifference(await runModel(optimized, { x: x! }), expected)).toBeLessThan(1e-5)
  },
}

export const graphRows: Rows = {
  mean: [normalization, { words: '--mean 0.1', json: { mean: 0.1 }, refused: /give both or neither/ }],
  std: [normalization, { words: '--std 0.1', json: { std: '0.1' }, refused: /give both or neither/ }],
  'input-shapes': [
    {
      model: dynamic,
      words: '-is 2 3 8 6',
      json: { 'input-shapes': [2, 3, 8, 6] },
      shows: ({ written }) => expect(inputsOf(written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 6]),
    },
  ],
  'ir-batch': [
    {
      model: dynamic,
      beside: noise(image, 4),
      words: '-ib 2',
      json: { 'ir-batch': '2' },
      shows: ({ written }) => expect(inputsOf(written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 8]),
    },
  ],
  'output-name': [
    {
      words: '-on relu1 d',
      json: { 'output-name': ['relu1', 'd'] },
      shows({ written }) {
        const { output } = written('net_quantize.onnx').graph
        expect(output.map(({ name }) => name)).toEqual(['r', 'd'])
        expect(output[0]!.type?.tensorType?.shape?.dim.map(({ dimValue }) => Number(dimValue))).toEqual([1, 4, 8, 8])
      },
    },
  ],
  'accelerate-model': [
    {
      words: '-am',
      json: { 'accelerate-model': true },
      shows: async ({ read }) =>
        expect(read('net_quantize.onnx').equals((await plain()).read('net_quantize.onnx'))).toBe(true),
    },
  ],
  'opset-version': [
    {
      words: '-ov 17',
      json: { 'opset-version': '17' },
      shows: ({ written }) => expect(Number(written('net_quantize.onnx').opsetImport[0]!.version)).toBe(17),
    },
    { words: '-ov 12', json: { 'opset-version': 12 }, refused: /an integer from 13 to 18/ },
  ],
  'disable-onnxsim': [
    {
      model: loose,
      words: '-do',
      json: { 'disable-onnxsim': true },
      async shows({ written }) {
        const kept = operators(written('steps/optimized.onnx'))
        expect(kept).toEqual(['Conv', 'Identity', 'Relu'])
        expect(operators((await run(loose, '')).written('steps/optimized.onnx'))).toEqual(['Conv', 'Relu'])
      },
    },
  ],
  'quantize-input-dtype': [
    {
      beside: noise(image, 2),
      words: '-qid uint8',
      json: { 'quantize-input-dtype': ['uint8'] },
      shows: ({ written }) =>
        expect(inputsOf(written('net_quantize.onnx'))).toEqual([
          { name: 'x', dims: [1, 3, 8, 8], dataType: DataType.UINT8 },
        ]),
    },
  ],
}
