// The last step of an operator: rounding, and the clip to the output's range. Where that is all of 8 bits, QuantizeLinear does both.

import { DataType } from '../onnx/types.js'
import { cast, finish, type Integers, shiftRight } from './arithmetic.js'
import type { Emitter } from './builder.js'

/** clip(round(x)) for float32 values of which none is halfway between integers. */
export function roundToRange(e: Emitter, x: Integers, low: number, high: number): string {
  if (isWhole(low, high)) return quantizeLinear(e, x.name, 1)
  return finish(e, { ...x, name: e.emit('Round', [x.name]) }, low, high)
}

/** clip(rshift(x, shift)), halves away from zero, for an x that shiftRight takes. The divisor does it: see the head of arithmetic.ts. */
export function shiftToRange(e: Emitter, x: Integers, shift: number, low: number, high: number): string {
  const exact = x.type === 'float32' && x.bound < 2 ** 23
  if (exact && isWhole(low, high)) return quantizeLinear(e, x.name, shift === 0 ? 1 : 2 ** shift * (1 - 2 ** -24))
  return finish(e, shiftRight(e, x, shift), low, high)
}

const isWhole = (low: number, high: number) => low === -128 && high === 127

function quantizeLinear(e: Emitter, x: string, scale: number): string {
  const bytes = e.emit('QuantizeLinear', [x, e.scalar('float32', scale), e.builder.zeroPoint()])
  return cast(e, bytes, DataType.FLOAT)
}
