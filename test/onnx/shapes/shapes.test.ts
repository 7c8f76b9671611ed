import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { makeGraph, makeModel, makeValueInfo } from '../../../src/onnx/node.js'
import { lowerRecurrent } from '../../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { shapesFor } from '../../../src/onnx/shapes/shapes.js'
import { DataType, type TensorValue } from '../../../src/onnx/types.js'
import { asModel, longs, model, node } from '../models.js'
import { plainForm, recurrentFeeds, recurrentModel } from '../recurrent.js'

const x: TensorValue = { type: 'float32', data: new Float32Array(12), dims: [2, 6] }

describe('shapesFor', () => {
  it('knows every tensor of a graph whose dims depend on the input', async () => {
    const proto = model({
      nodes: [
        node('Shape', ['x'], ['shape']),
        node('Reshape', ['x', 'target'], ['flat']),
        node('Split', ['x'], ['left', 'right'], [makeAttribute('axis', 1)]),
        node('Cast', ['left'], ['bytes'], [makeAttribute('to', DataType.UINT8)]),
        node('TopK', ['right', 'one'], ['y', 'indices']),
      ],
      constants: [longs('target', [1], [-1]), longs('one', [1], [1])],
      inputs: { x: ['n', 'm'] },
    })
    expect(Object.fromEntries(await shapesFor(asModel(proto), { x }))).toEqual({
      x: { dataType: DataType.FLOAT, dims: [2, 6] },
      target: { dataType: DataType.INT64, dims: [1] },
      one: { dataType: DataType.INT64, dims: [1] },
      shape: { dataType: DataType.INT64, dims: [2] },
      flat: { dataType: DataType.FLOAT, dims: [12] },
      left: { dataType: DataType.FLOAT, dims: [2, 3] },
      right: { dataType: DataType.FLOAT, dims: [2, 3] },
      bytes: { dataType: DataType.UINT8, dims: [2, 3] },
      y: { dataType: DataType.FLOAT, dims: [2, 1] },
      indices: { dataType: DataType.INT64, dims: [2, 1] },
    })
  })

  it('leaves out what is no tensor and what lives in subgraphs, and follows the branch taken', async () => {
    const branch = (name: string, times: number) =>
      makeGraph({
        nodes: [node('Concat', Array(times).fill('x'), [name], [makeAttribute('axis', 0)])],
        inputs: [],
        outputs: [makeValueInfo(name, DataType.FLOAT)],
      })
    const branches = [
      makeAttribute('then_branch', branch('inThen', 3)),
      makeAttribute('else_branch', branch('inElse', 1)),
    ]
    const graph = makeGraph({
      nodes: [
        node('SequenceConstruct', ['x', 'x'], ['sequence']),
        node('SequenceLength', ['sequence'], ['length']),
        node('Cast', ['length'], ['condition'], [makeAttribute('to', DataType.BOOL)]),
        node('If', ['condition'], ['y'], branches),
      ],
      inputs: [makeValueInfo('x', DataType.FLOAT, ['n', 6])],
      outputs: [makeValueInfo('y', DataType.FLOAT)],
    })
    expect(Object.fromEntries(await shapesFor(asModel(makeModel(graph, 13)), { x }))).toEqual({
      x: { dataType: DataType.FLOAT, dims: [2, 6] },
      length: { dataType: DataType.INT64, dims: [] },
      condition: { dataType: DataType.BOOL, dims: [] },
      y: { dataType: DataType.FLOAT, dims: [6, 6], varies: true },
    })
  })

  it('marks what has dims that depend on values, not what has dims that a run alone can tell', async () => {
    const proto = model({
      nodes: [
        node('NonZero', ['x'], ['places']),
        node('Transpose', ['places'], ['rows']),
        node('ReduceMax', ['x'], ['most'], [makeAttribute('keepdims', 0)]),
        node('Cast', ['most'], ['length'], [makeAttribute('to', DataType.INT64)]),
        node('Range', ['zero', 'length', 'step'], ['range']),
        node('Shape', ['x'], ['dims']),
        node('Mul', ['dims', 'two'], ['twice']),
        node('Resize', ['x', '', '', 'twice'], ['y']),
      ],
      constants: [longs('zero', [], [0]), longs('step', [], [1]), longs('two', [1], [2])],
      inputs: { x: ['n', 'm'] },
    })
    const infos = await shapesFor(asModel(proto), { x: { ...x, data: new Float32Array(12).fill(2) } })
    const varying = [...infos].filter(([, { varies }]) => varies).map(([name]) => name)
    expect(varying).toEqual(['places', 'rows', 'range'])
    expect(infos.get('places')).toEqual({ dataType: DataType.INT64, dims: [2, 12], varies: true })
  })

  it('takes an input that is an output, and an initializer that is one', async () => {
    const proto = model({ nodes: [], constants: [longs('c', [2], [1, 2])], inputs: { x: [2, 6] }, outputs: ['x'] })
    proto.graph.output.push(makeValueInfo('c', DataType.INT64, [2]))
    expect([...(await shapesFor(asModel(proto), { x })).keys()]).toEqual(['c', 'x'])
  })

  it('takes what a Scan gives for as long as its sequences, also where the first states follow from open dims', async () => {
    const form = { ...plainForm, initial: 'none', open: true } as const
    const proto = recurrentModel(form)
    const { proto: lowered } = await lowerRecurrent.apply(proto)
    const tensors = await shapesFor(asModel(lowered), recurrentFeeds(form, proto))
    expect(tensors.get('y')!.dims).toEqual([2, 1, 2, form.hidden])
    expect([...tensors].filter(([, { varies }]) => varies)).toEqual([])
  })
})
