// The second step as convolutions, run by ONNX Runtime with and without its optimizer, beside the oracle.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GraphBuilder } from '../../src/emit/builder.js'
import { emitScaleFix } from '../../src/emit/scaleFix.js'
import { arithmeticOf, chipProfile } from '../../src/fixedpoint/chip.js'
import type { ScaleFix } from '../../src/fixedpoint/types.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeValueInfo } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { DataType } from '../../src/onnx/types.js'
import { scaleFixed } from '../../src/oracle/arithmetic.js'

const CHANNELS = 16
/** Sums to look at in each channel. */
const WIDTH = 2048
const chip = arithmeticOf(chipProfile('TX5105C'), 8)

/** Steps that reach both bounds within 16 bits of a0, as the solver chooses them. */
const fixes: fc.Arbitrary<ScaleFix> = fc
  .record({
    bounds: fc.constantFrom(
      { low: 0, high: 127 },
      { low: 0, high: 60 },
      { low: -128, high: 127 },
      { low: -20, high: 60 },
    ),
    q0: fc.integer({ min: 0, max: 7 }),
    q1: fc.integer({ min: 0, max: 12 }),
    q2: fc.integer({ min: 8, max: 14 }),
    scales: fc.array(fc.integer({ min: 2 ** 14, max: 32767 }), { minLength: CHANNELS, maxLength: CHANNELS }),
    biases: fc.array(fc.integer({ min: -4000, max: 4000 }), { minLength: CHANNELS, maxLength: CHANNELS }),
  })
  .filter(({ q1, q2 }) => q1 + q2 < 21)
  .map(({ bounds, scales, biases, ...shifts }) => {
    return { ...shifts, scaleInt16: Int16Array.from(scales), biasInt16: Int16Array.from(biases), ...bounds }
  })

it('gives the integers of the oracle on both sides of every stair, with and without the optimizer', async () => {
  let [inOne, inTwo] = [0, 0]
  const law = fc.asyncProperty(fixes, async (fix) => {
    const kinds = await expectOracle(fix)
    if (!kinds.includes('HardSigmoid')) return
    if (kinds.filter((kind) => kind === 'HardSigmoid').length > (fix.q0 === 0 ? 1 : 2)) inTwo++
    else inOne++
  })
  await fc.assert(law, { numRuns: 24 })
  expect(inOne).toBeGreaterThan(2)
  expect(inTwo).toBeGreaterThan(0)
})

it.each([0, 3])('does so where a channel needs a centre, behind a shift of %i', async (q0) => {
  const [scaleInt16, biasInt16] = [Int16Array, Int16Array].map((kind) => new kind(CHANNELS).fill(4000)) as Int16Array[]
  scaleInt16![5] = 5340
  biasInt16![5] = -8486
  const fix = { q0, q1: 13, q2: 4, low: -128, high: 127, scaleInt16: scaleInt16!, biasInt16: biasInt16! }
  expect(await expectOracle(fix)).toContain('HardSigmoid')
})

/** @returns the types of the nodes that were run */
async function expectOracle(fix: ScaleFix): Promise<string[]> {
  const bound = 2 ** (16 + fix.q0)
  const { proto, kinds } = modelOf(fix, bound)
  const sums = Float32Array.from(Array.from(fix.scaleInt16, (_, c) => sumsAround(fix, c, bound)).flat())
  const expected = sums.map((sum, i) => scaleFixed(sum, Math.floor(i / WIDTH), fix, chip))
  for (const optimized of [true, false]) {
    const session = await createSession(encodeModel(proto), { optimized })
    const { y } = await session.run({ x: { type: 'float32', dims: [1, CHANNELS, 1, WIDTH], data: sums } })
    await session.release()
    expect((y!.data as Float32Array).findIndex((value, i) => value !== expected[i])).toBe(-1)
  }
  return kinds
}

/** A convolution that changes nothing, and the step behind it. */
function modelOf(fix: ScaleFix, bound: number) {
  let count = 0
  const builder = new GraphBuilder((wish) => `${wish}_${count++}`)
  const e = builder.operator('conv')
  const identity = Float32Array.from({ length: CHANNELS ** 2 }, (_, i) => (i % (CHANNELS + 1) === 0 ? 1 : 0))
  const weights = e.initializer('weights', DataType.FLOAT, [CHANNELS, CHANNELS, 1, 1], identity)
  const name = e.emit('Conv', ['x', weights], [makeAttribute('kernel_shape', [1, 1])])
  const y = emitScaleFix(e, { name, type: 'float32', bound }, fix, [1, CHANNELS, 1, 1], chip)
  builder.rename(y, 'y')
  const dims = [1, CHANNELS, 1, WIDTH]
  const [inputs, outputs] = ['x', 'y'].map((tensor) => [makeValueInfo(tensor, DataType.FLOAT, dims)])
  const graph = makeGraph({
    nodes: builder.nodes,
    initializers: builder.initializers,
    inputs: inputs!,
    outputs: outputs!,
  })
  return { proto: makeModel(graph, 13), kinds: builder.nodes.map(({ opType }) => opType) }
}

/** Sums next to where y rises, and some between. */
function sumsAround(fix: ScaleFix, channel: number, bound: number): number[] {
  const at = (sum: number) => scaleFixed(sum, channel, fix, chip)
  const sums = [-bound, bound, 0]
  for (let y = fix.low + 1; y <= fix.high; y++) {
    let [below, above] = [-bound, bound]
    while (above - below > 1) {
      const middle = Math.floor((below + above) / 2)
      if (at(middle) >= y) above = middle
      else below = middle
    }
    sums.push(below - 1, below, above, above + 1)
  }
  while (sums.length < WIDTH) sums.push(((sums.length * 7919) % (2 * bound)) - bound)
  return sums.map((sum) => Math.max(-bound, Math.min(bound, sum)))
}
