import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../../src/onnx/attribute.js'
import { foldInferred } from '../../../../src/onnx/passes/constants/foldInferred.js'
import { tensorData } from '../../../../src/onnx/tensor.js'
import { DataType } from '../../../../src/onnx/types.js'
import { longs, model, node, operators } from '../../models.js'

describe('foldInferred', () => {
  it('makes constants of the dims of tensors that the inputs’ dims determine, and of those alone', async () => {
    const proto = model({
      nodes: [
        node('MaxPool', ['x'], ['p'], [makeAttribute('kernel_shape', [2, 2])]),
        node('Shape', ['p'], ['all']),
        node('Shape', ['p'], ['part'], [makeAttribute('start', 1), makeAttribute('end', -1)]),
        node('Size', ['p'], ['size']),
        node('NonZero', ['x'], ['places']),
        node('Shape', ['places'], ['open']),
      ],
      outputs: ['all', 'part', 'size', 'open'],
      opset: 15,
    })
    const { proto: folded, count } = await foldInferred.apply(proto)
    expect(count).toBe(3)
    const constants = folded.graph.initializer.map((one) => [one.name, Array.from(tensorData(one), Number)])
    expect(Object.fromEntries(constants)).toEqual({ all: [1, 3, 3, 3], part: [3, 3], size: [27] })
    expect(operators(folded)).toEqual(['MaxPool', 'NonZero', 'Shape'])
  })

  it('takes away casts that change nothing', async () => {
    const proto = model({
      nodes: [
        node('Cast', ['x'], ['same'], [makeAttribute('to', DataType.FLOAT)]),
        node('Cast', ['same'], ['half'], [makeAttribute('to', DataType.FLOAT16)]),
        node('Cast', ['ids'], ['y'], [makeAttribute('to', DataType.INT64)]),
      ],
      constants: [longs('ids', [2], [1, 2])],
      outputs: ['half', 'y'],
    })
    expect(operators((await foldInferred.apply(proto)).proto)).toEqual(['Identity', 'Cast', 'Identity'])
  })

  it('leaves open dims open', async () => {
    const proto = model({ nodes: [node('Shape', ['x'], ['y'])], inputs: { x: ['n', 3] } })
    expect((await foldInferred.apply(proto)).proto).toBe(proto)
  })
})
