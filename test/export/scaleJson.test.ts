import { expect, it } from 'vitest'
import { scaleJson } from '../../src/export/scaleJson.js'
import { makeNode } from '../../src/onnx/node.js'
import { fixedModel } from './oneLayer.js'

const operators = [
  {
    ...{
      kind: 'conv',
      name: 'c',
      nodes: [makeNode('Conv', [], []), makeNode('Relu', [], [])],
      inputs: ['x'],
      outputs: ['y'],
    },
    weights: { dims: [1, 1, 1], data: Int8Array.of(3) },
    ...{
      weightScales: Float64Array.of(0.1),
      group: 1,
      strides: [1],
      dilations: [1],
      pads: [0, 0],
      accumulatorBound: 384,
    },
    scaleFix: { q0: 1, q1: 2, q2: 3, scaleInt16: Int16Array.of(4), biasInt16: Int16Array.of(-5), low: 0, high: 127 },
  },
  {
    ...{ kind: 'concat', name: 'j', nodes: [makeNode('Concat', [], [])], inputs: ['x', 'y'], outputs: ['z'], axis: 1 },
    parts: [{ requantize: undefined }, { requantize: { multiplier: 7, shift: 8 } }],
  },
  {
    ...{ kind: 'fallback', name: 's', nodes: [makeNode('Softmax', [], [])], inputs: ['z'], outputs: ['"quoted"'] },
    reason: undefined,
  },
]

const text = scaleJson(
  fixedModel(operators, [
    { name: 'x', scale: Math.fround(0.1), bits: 8 },
    { name: 'y"', scale: 2 ** -126, bits: 16 },
  ]),
)

it('The scale JSON has every parameter, one tensor or operator a line, in the model’s order', () => {
  expect(text).toBe(`{
  "format": 1,
  "chip": "TX5105C",
  "tensors": {
    "x": {"scale":0.10000000149011612,"bits":8},
    "y\\"": {"scale":1.1754943508222875e-38,"bits":16}
  },
  "operators": [
    {"name":"c","kind":"conv","nodes":["Conv","Relu"],"inputs":["x"],"outputs":["y"],"q0":1,"q1":2,"q2":3,"scaleInt16":[4],"biasInt16":[-5],"low":0,"high":127,"weightScales":[0.1],"accumulatorBound":384},
    {"name":"j","kind":"concat","nodes":["Concat"],"inputs":["x","y"],"outputs":["z"],"requantize":[null,{"multiplier":7,"shift":8}]},
    {"name":"s","kind":"fallback","nodes":["Softmax"],"inputs":["z"],"outputs":["\\"quoted\\""],"reason":null}
  ]
}
`)
})

it('The scale JSON reads back to the very numbers', () => {
  const parsed = JSON.parse(text)
  expect(parsed.tensors.x.scale).toBe(Math.fround(0.1))
  expect(parsed.tensors['y"'].scale).toBe(2 ** -126)
})

it('The scale JSON of an empty model is valid', () => {
  expect(JSON.parse(scaleJson(fixedModel([], [])))).toEqual({ format: 1, chip: 'TX5105C', tensors: {}, operators: [] })
})
