// Models of a Scan as somebody would write it: its steps compute what they do not show.

import fc from 'fast-check'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { makeGraph, makeValueInfo } from '../../src/onnx/node.js'
import { DataType, type ModelProto } from '../../src/onnx/types.js'
import { floats, model, node } from './models.js'

export interface WrittenScan {
  readonly steps: number
  readonly batch: number
  readonly width: number
  /** What is applied to the sum of a product with the state and an element, and to a product with another. */
  readonly functions: readonly [string, string]
  /** Of the steps, in what goes in and what comes out. */
  readonly axes: readonly [number, number]
  readonly reverse: readonly [boolean, boolean]
  readonly opset: number
  readonly seed: number
}

const few = fc.integer({ min: 1, max: 4 })
const activation = fc.constantFrom('Tanh', 'Sigmoid', 'Relu', 'Abs')
const axis = fc.constantFrom(0, 1, -1)

export const writtenScan: fc.Arbitrary<WrittenScan> = fc.record({
  ...{ steps: few, batch: few, width: few, functions: fc.tuple(activation, activation), axes: fc.tuple(axis, axis) },
  ...{ reverse: fc.tuple(fc.boolean(), fc.boolean()), opset: fc.constantFrom(11, 13, 17), seed: few },
})

/** Input x; outputs y, a sequence, and last. */
export function scanModel({ steps, batch, width, functions, axes, reverse, opset, seed }: WrittenScan): ModelProto {
  const info = (name: string) => makeValueInfo(name, DataType.FLOAT, [batch, width])
  const constant = makeAttribute(
    'value',
    floats(
      '',
      [width],
      Array.from({ length: width }, (_, i) => Math.cos(i + seed)),
    ),
  )
  const body = makeGraph({
    nodes: [
      node('Constant', [], ['slope'], [constant], 'constant'),
      node('MatMul', ['before', 'w'], ['product'], [], 'product'),
      node('Add', ['product', 'element'], ['sum'], [], 'sum'),
      node(functions[0], ['sum'], ['f'], [], 'first'),
      node('Mul', ['sum', 'slope'], ['scaled'], [], 'scale'),
      node(functions[1], ['scaled'], ['g'], [], 'second'),
      node('Mul', ['f', 'g'], ['both'], [], 'both'),
      node('Add', ['both', 'before'], ['next'], [], 'next'),
      node('Neg', ['f'], ['given'], [], 'given'),
    ],
    inputs: [info('before'), info('element')],
    outputs: [info('next'), info('given')],
  })
  const x = [batch, width]
  x.splice(axes[0] < 0 ? 3 + axes[0] : axes[0], 0, steps)
  const attributes = [
    ...[makeAttribute('num_scan_inputs', 1), makeAttribute('body', body)],
    ...[makeAttribute('scan_input_axes', [axes[0]]), makeAttribute('scan_output_axes', [axes[1]])],
    makeAttribute('scan_input_directions', [Number(reverse[0])]),
    makeAttribute('scan_output_directions', [Number(reverse[1])]),
  ]
  return model({
    nodes: [node('Scan', ['start', 'x'], ['last', 'y'], attributes, 'scan')],
    constants: [floats('w', [width, width]), floats('start', [batch, width])],
    inputs: { x },
    outputs: ['y', 'last'],
    opset,
  })
}
