// Sums on which rounding and float32 are hardest, in onnxruntime with all optimizations on: the oracle's integers. Random layers of every family
// are in test/operators.

import { describe, it } from 'vitest'
import type { ScaleFix } from '../../src/fixedpoint/types.js'
import type { FixedConv } from '../../src/operators/conv/solve.js'
import type { FixedLinear } from '../../src/operators/linear/solve.js'
import { expectOracle } from './oneLayer.js'

describe('Every sum from -4191 to 4064', () => {
  // 127 x1 + x2 for all int8 x2 and x1 from -32 to 31: each of these sums, and so each exact half, is there.
  const pairs = Array.from({ length: 16384 }, (_, index) => [(index >> 8) - 32, (index & 255) - 128] as const)
  const data = Int32Array.from([...pairs.map(([first]) => first), ...pairs.map(([, second]) => second)])
  const input = { dims: [1, 2, 64, 256], data }
  const scaleInt16 = Int16Array.of(1, 32767, -32767, 16384, 3, 8192)
  const biasInt16 = Int16Array.of(0, -32768, 32767, 1, -1, 77)
  const shifts: readonly (readonly [number, number, number])[] = [
    ...[
      [0, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1, 1, 1],
      [3, 10, 8],
      [0, 15, 6],
      [4, 14, 0],
      [8, 0, 9],
    ],
    ...[
      [2, 5, 20],
      [2, 5, 21],
      [0, 31, 1],
      [6, 12, 3],
    ],
  ] as [number, number, number][]

  for (const [low, high] of [
    [-128, 127],
    [0, 127],
  ] as const) {
    for (const [q0, q1, q2] of shifts) {
      it(`is scaled exactly by shifts of ${q0}, ${q1} and ${q2} into [${low}, ${high}]`, async () => {
        const fix: ScaleFix = { q0, q1, q2, scaleInt16, biasInt16, low, high }
        const conv: FixedConv = {
          ...{ kind: 'conv', name: 'conv', nodes: [], inputs: ['x'], outputs: ['y'], group: 1 },
          weights: { dims: [6, 2, 1, 1], data: Int8Array.from({ length: 12 }, (_, index) => (index % 2 ? 1 : 127)) },
          ...{ weightScales: new Float64Array(6).fill(1), strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
          ...{ scaleFix: fix, accumulatorBound: 16384 },
        }
        await expectOracle(conv, [input])
      })
    }
  }
})

describe('Every sum of a stretch beyond 2^24, where float32 skips the odd ones', () => {
  // 1041 products of 127 by 127, and 127 x1 + x2 for eight x1 and all int8 x2.
  const depth = 1043
  const positions = 2048
  const column = (k: number, at: number) => (k < 1041 ? 127 : k === 1041 ? (at >> 8) - 4 : (at & 255) - 128)
  const weights = Int8Array.from({ length: depth }, (_, k) => (k < 1042 ? 127 : 1))
  const layer = {
    ...{
      nodes: [],
      inputs: ['x'],
      outputs: ['y'],
      weightScales: Float64Array.of(1),
      accumulatorBound: 1042 * 127 * 128 + 128,
    },
    scaleFix: {
      q0: 10,
      q1: 0,
      q2: 0,
      scaleInt16: Int16Array.of(1),
      biasInt16: Int16Array.of(0),
      low: -32768,
      high: 32767,
    },
  }

  it('is exact in a convolution', async () => {
    const data = Int32Array.from({ length: depth * positions }, (_, index) =>
      column(Math.floor(index / positions), index % positions),
    )
    const geometry = { group: 1, strides: [1], dilations: [1], pads: [0, 0] }
    const conv: FixedConv = {
      ...{ kind: 'conv', name: 'conv', weights: { dims: [1, depth, 1], data: weights }, ...geometry, ...layer },
    }
    await expectOracle(conv, [{ dims: [1, depth, positions], data }], 16)
  })

  it('is exact in a matrix product', async () => {
    const data = Int32Array.from({ length: depth * positions }, (_, index) =>
      column(index % depth, Math.floor(index / depth)),
    )
    const matmul: FixedLinear = {
      kind: 'matmul',
      name: 'matmul',
      weights: { dims: [depth, 1], data: weights },
      ...layer,
    }
    await expectOracle(matmul, [{ dims: [positions, depth], data }], 16)
  })
})
