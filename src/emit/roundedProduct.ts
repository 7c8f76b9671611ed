// rshift(x * multiplier, shift) as one float32 product and its rounding, where a look at every x shows that both agree.

import type { Requantize } from '../fixedpoint/types.js'
import { finish, type Integers, requantize } from './arithmetic.js'
import type { Emitter } from './builder.js'
import { roundToRange } from './toRange.js'

/** Integers x to look at: as many as the product of two of 8 bits has magnitudes. */
const MOST_VALUES = 2 ** 14
/** Factors to try, in units of their last place away from zero: one unit carries halves away from zero, too. */
const UNITS = [1, 2, 3, 4, 0]

export function requantizeFew(e: Emitter, x: Integers, by: Requantize): Integers {
  // A product that nothing is shifted out of is exact as it is.
  const scaled = by.shift === 0 ? undefined : product(e, x, by, Infinity)
  if (scaled === undefined) return requantize(e, x, by.multiplier, by.shift)
  return { ...scaled, name: e.emit('Round', [scaled.name]) }
}

/** The same, clipped. */
export function requantizeFewToRange(e: Emitter, x: Integers, by: Requantize, low: number, high: number): string {
  const scaled = product(e, x, by, Math.max(Math.abs(low), Math.abs(high)))
  if (scaled === undefined) return finish(e, requantize(e, x, by.multiplier, by.shift), low, high)
  return roundToRange(e, scaled, low, high)
}

/** @param limit results beyond it are as good as the limit */
function product(e: Emitter, x: Integers, by: Requantize, limit: number): Integers | undefined {
  const factor = x.type === 'float32' && x.bound <= MOST_VALUES ? factorFor(x.bound, by, limit) : undefined
  if (factor === undefined) return undefined
  const name = e.emit('Mul', [x.name, e.scalar('float32', factor)])
  return { name, type: 'float32', bound: Math.ceil(x.bound * Math.abs(factor)) + 1 }
}

function factorFor(bound: number, { multiplier, shift }: Requantize, limit: number): number | undefined {
  const exact = Math.abs(multiplier) * 2 ** -shift
  const factor = UNITS.map((units) => Math.fround(exact * (1 + units * 2 ** -23))).find((one) =>
    agrees(one, exact, bound, limit),
  )
  return factor === undefined ? undefined : Math.sign(multiplier) * factor
}

/** Both are odd functions of x. */
function agrees(factor: number, exact: number, bound: number, limit: number): boolean {
  for (let x = 1; x <= bound; x++) {
    const rounded = Math.min(Math.floor(x * exact + 0.5), limit)
    const product = Math.fround(factor * x)
    if (product <= rounded - 0.5 || (rounded < limit && product >= rounded + 0.5)) return false
  }
  return true
}
