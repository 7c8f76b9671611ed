// Lines in float32 that stand for the chip's second step: every a0 is looked at, where the search looks at two points a step.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findLine, type Line, staircase } from '../../src/emit/line.js'
import { type Linear, linesOf } from '../../src/emit/stairs.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { clip, roundHalfAway } from '../../src/fixedpoint/rounding.js'
import type { ScaleFix } from '../../src/fixedpoint/types.js'
import { scaleFixed } from '../../src/oracle/arithmetic.js'

const chip = {
  ...chipProfile('TX5105C').accumulators[8]!,
  inputBits: 8,
  multiplierBits: 16,
  biasBits: 16,
  qRange: [0, 31] as const,
}

/** What a runtime may make of the multiply-add: product and sum rounded to float32, or their exact value rounded once. */
function multiplyAdds({ centre, factor, addend }: Line, x: number): [rounded: number, fused: number] {
  const product = factor * (x + centre)
  const sum = product + addend
  // Knuth's two-sum: sum + rest is exact. It matters where sum lies halfway between two float32.
  const part = sum - product
  const rest = product - (sum - part) + (addend - part)
  const nearest = Math.fround(sum)
  const nudged = Math.fround(sum + Math.sign(rest) * Math.abs(sum) * 2 ** -50)
  return [Math.fround(Math.fround(product) + addend), rest === 0 ? nearest : nudged]
}

/** What rounding may make of them: both neighbours of a half. */
const rounded = (line: Line, x: number) =>
  multiplyAdds(line, x).flatMap((value) => [Math.floor(value + 0.5), Math.ceil(value - 0.5)])

/** All that 16 bits hold. */
const whole = { up: 32767, down: -32768 }
const relu = { low: 0, high: 127 }
const fixes: fc.Arbitrary<ScaleFix> = fc
  .record({
    bounds: fc.constantFrom(relu, relu, { low: -128, high: 127 }, { low: -20, high: 60 }, { low: 5, high: 90 }),
    q1: fc.integer({ min: 0, max: 12 }),
    // The output spans its range over a part of a0's.
    span: fc.integer({ min: 10, max: 17 }),
    scale: fc.integer({ min: 1, max: 32767 }),
    bias: fc.integer({ min: -32768, max: 32767 }),
  })
  .map(({ bounds, q1, span, scale, bias }) => {
    const total = Math.max(q1, Math.ceil(Math.log2(scale)) + span - 7)
    const tables = { scaleInt16: Int16Array.of(scale), biasInt16: Int16Array.of(bias) }
    return { q0: 0, q1, q2: total - q1, ...tables, ...bounds }
  })

it('give the integers of the oracle for every a0, whether a runtime fuses the multiply-add or not', () => {
  let [found, inOneStep] = [0, 0]
  const law = fc.property(fixes, (fix) => {
    const linear = linesOf([whole], fix, 32768)
    if (linear === undefined) return
    found++
    if (linear.rest === 0) inOneStep++
    expectOracle(linear, fix)
  })
  fc.assert(law, { numRuns: 16 })
  expect(found).toBeGreaterThan(9)
  expect(inOneStep).toBeGreaterThan(4)
})

it('have a centre where products are rounded too much without', () => {
  const tables = { scaleInt16: Int16Array.of(5340), biasInt16: Int16Array.of(-8486) }
  const fix = { q0: 0, q1: 13, q2: 4, ...tables, low: -128, high: 127 }
  const linear = linesOf([whole], fix, 32768)
  expect(linear?.lines[0]?.centre).not.toBe(0)
  expectOracle(linear!, fix)
})

function expectOracle({ lines, rest }: Linear, fix: ScaleFix): void {
  for (let a0 = -32768; a0 < 32768; a0++) {
    const expected = scaleFixed(a0, 0, fix, chip)
    for (const sum of rounded(lines[0]!, a0)) {
      const y = clip(roundHalfAway(sum * 2 ** -rest), fix.low, fix.high)
      if (y !== expected) throw new Error(`a0 ${a0} gives ${y} instead of ${expected}`)
    }
  }
}

it('are not found for steps that no line follows', () => {
  const crooked = { from: Float64Array.of(0, 10, 11, 300), between: Float64Array.of(0.5, 1.5, 2.5, 3.5) }
  expect(findLine(staircase(crooked, -1000, 1000), 1 / 10)).toBeUndefined()
  const straight = { from: Float64Array.of(10, 11), between: Float64Array.of(1.5, 2.5) }
  expect(findLine(staircase(straight, -5, 20), 1)).toBeDefined()
})

it('are not looked for where a multiplier is not positive', () => {
  const fix = { q0: 0, q1: 3, q2: 5, scaleInt16: Int16Array.of(100, 0), biasInt16: Int16Array.of(0, 0), ...relu }
  expect(linesOf([whole, whole], fix, 32768)).toBeUndefined()
})
