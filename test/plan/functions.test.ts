// The elementwise functions against the float runtime's.

import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel } from '../../src/onnx/model.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import type { NodeProto } from '../../src/onnx/types.js'
import { elementwise, erf } from '../../src/operators/lut/functions.js'
import { modelOf, node } from './fixtures.js'

const float = (name: string, value: number) => makeAttribute(name, { float: value })

const functions: readonly NodeProto[] = [
  ...['Abs', 'Ceil', 'Erf', 'Exp', 'Floor', 'HardSwish', 'Log', 'Mish', 'Neg', 'Reciprocal', 'Relu'],
  ...[
    'Sigmoid',
    'Softplus',
    'Softsign',
    'Sqrt',
    'Tanh',
    'Celu',
    'Elu',
    'HardSigmoid',
    'LeakyRelu',
    'Selu',
    'ThresholdedRelu',
  ],
  ...[
    'Acos',
    'Acosh',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'Cos',
    'Cosh',
    'Round',
    'Shrink',
    'Sign',
    'Sin',
    'Sinh',
    'Tan',
  ],
  'Gelu',
]
  .map((type) => node(type, 'x', 'y'))
  .concat([
    node('Celu', 'x', 'y', float('alpha', 0.5)),
    node('Elu', 'x', 'y', float('alpha', 0.3)),
    node('Gelu', 'x', 'y', makeAttribute('approximate', 'tanh')),
    node('HardSigmoid', 'x', 'y', float('alpha', 0.25), float('beta', 0.4)),
    node('LeakyRelu', 'x', 'y', float('alpha', 0.2)),
    node('Shrink', 'x', 'y', float('lambd', 1.5), float('bias', 0.25)),
    node('Selu', 'x', 'y', float('alpha', 1.5), float('gamma', 1.1)),
    node('ThresholdedRelu', 'x', 'y', float('alpha', 0.7)),
  ])

describe('functions agree with the float runtime', () => {
  it.each(functions.map((item) => [item.opType, item.attribute.length, item] as const))(
    '%s with %i attributes',
    async (_, __, item) => {
      const x = Float32Array.from({ length: 401 }, (_, index) => (index - 200) / 25)
      const session = await createSession(
        encodeModel(modelOf({ nodes: [item], inputs: { x: [x.length] }, opset: 20 }).proto),
      )
      const { data } = (await session.run({ x: { type: 'float32', dims: [x.length], data: x } })).y!
      await session.release()
      const f = elementwise(item)!
      x.forEach((value, index) => {
        const expected = Number(data[index])
        const got = f(value)
        if (Number.isFinite(expected))
          expect(Math.abs(got - expected)).toBeLessThanOrEqual(3e-6 * Math.max(1, Math.abs(expected)))
        else expect(got).toBe(expected)
      })
    },
  )
})

it('erf is odd, monotonic and exact at known points', () => {
  expect(erf(0)).toBe(0)
  expect(erf(1)).toBeCloseTo(0.8427007929497149, 14)
  expect(erf(-3)).toBeCloseTo(-0.9999779095030014, 14)
  expect(erf(7)).toBe(1)
})

it('operators that look at more than one element have no function', () => {
  expect(elementwise(node('Softmax', 'x', 'y'))).toBeUndefined()
})
