// Every model of the zoo, with all zero points: what comes out resembles the float model, and its QDQ model becomes the same integer model again.

import { beforeAll, describe, expect, test } from 'vitest'
import { randomTensor } from '../../src/dataset/builtin/inferAuto.js'
import { elementTypeOf } from '../../src/onnx/elements/datatype.js'
import { encodeModel, modelInputs } from '../../src/onnx/model.js'
import type { ModelProto, TensorValue } from '../../src/onnx/types.js'
import { floats } from '../onnx/models.js'
import { plainForm, recurrentModel } from '../onnx/recurrent.js'
import { quantizeHere } from './here.js'
import { numbers, outputsOf } from './outputs.js'
import { temporaryFolder } from './squire.js'
import { op, zoo } from './zoo.js'

const folder = temporaryFolder()
const run = (model: ModelProto | Uint8Array) => quantizeHere(folder, model, '-od', '--zero-points', 'all')

function cosine(a: TensorValue, b: TensorValue): number {
  const [left, right] = [numbers(a), numbers(b)]
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0)
  return dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right))
}

const recurrent = {
  'a recurrent layer in both directions': recurrentModel({ ...plainForm, direction: 'bidirectional' }),
  'a recurrent layer before opset 13': recurrentModel({
    ...plainForm,
    type: 'GRU',
    linearBeforeReset: true,
    opset: 11,
  }),
  'a recurrent layer behind convolutions that take zero points': behindConvolutions(
    recurrentModel({ ...plainForm, type: 'GRU', linearBeforeReset: true }),
  ),
}

/** The model with two convolutions along the features before it. */
function behindConvolutions(proto: ModelProto): ModelProto {
  const { graph } = proto
  const [input] = graph.input
  const before = [
    op('Conv: signal kernel_1 -> first'),
    op('Relu: first -> positive'),
    op('Conv: positive kernel_2 -> x'),
  ]
  const kernels = [
    floats('kernel_1', [4, 1, 1], [1, -0.7, 0.4, -1.2]),
    floats('kernel_2', [1, 4, 1], [0.9, 0.3, -0.6, 0.8]),
  ]
  return {
    ...proto,
    graph: {
      ...graph,
      input: [{ ...input!, name: 'signal' }, ...graph.input.slice(1)],
      node: [...before, ...graph.node],
      initializer: [...graph.initializer, ...kernels],
    },
  }
}

describe.each(Object.entries({ ...zoo, ...recurrent }))('%s', (_, proto) => {
  let made: Awaited<ReturnType<typeof run>>
  beforeAll(async () => {
    made = await run(proto)
  })

  test('comes out resembling the float model', async () => {
    const feeds = Object.fromEntries(
      modelInputs(proto).map(({ name, dataType, dims }) => [
        name,
        randomTensor(elementTypeOf(dataType)!, dims as number[]) as TensorValue,
      ]),
    )
    const float = await outputsOf(encodeModel(proto), feeds)
    for (const form of ['_quantize.onnx', '_qdq.onnx']) {
      const fixed = await outputsOf(made.written(form), feeds)
      expect(Object.keys(fixed)).toEqual(Object.keys(float))
      for (const [name, value] of Object.entries(float)) {
        expect(fixed[name]!.dims).toEqual(value.dims)
        expect(cosine(fixed[name]!, value), `${form} ${name}`).toBeGreaterThan(0.99)
      }
    }
    await outputsOf(made.written('output_all_layers_quantize.onnx'), feeds)
  })

  test('has a QDQ model that becomes the same integer model', async () => {
    const again = await run(made.written('_qdq.onnx'))
    expect(again.said).toContain('its integers are taken over')
    for (const file of ['_quantize.onnx', '_scale.json', 'output_all_layers_quantize.onnx']) {
      expect(again.written(file).equals(made.written(file)), file).toBe(true)
    }
  })
})
