// A small model for the images of fixtures/textlines.mjs [1, 3, 48, 192], for tests of processes rather than of arithmetic.

import type { ModelProto } from '../../src/onnx/types.js'
import { model } from '../onnx/models.js'
import { op, weights } from './zoo.js'

export const bars = (): ModelProto =>
  model({
    inputs: { x: [1, 3, 48, 192] },
    nodes: [
      op('Conv: x w1 -> c', { strides: [8, 8] }),
      op('HardSwish: c -> h'),
      op('Conv: h w2 -> d', { strides: [2, 2] }),
      op('Relu: d -> r'),
      op('GlobalAveragePool: r -> p'),
      op('Flatten: p -> f'),
      op('Gemm: f w3 -> g'),
      op('Softmax: g -> y'),
    ],
    constants: [weights('w1', 8, 3, 8, 8), weights('w2', 16, 8, 3, 3), weights('w3', 16, 2)],
    opset: 14,
  })
