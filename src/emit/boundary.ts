// Between real values and integers.

import type { QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import { DataType } from '../onnx/types.js'
import { cast } from './arithmetic.js'
import type { Emitter } from './builder.js'

/**
 * q = clip(round_half_away(x / scale)). The division is a product with 1 / scale, made larger by a relative 2^-45, which carries exact
 * halves away from zero. Nothing else is carried across a half: x and scale are float32 and a half within 16 bits is
 * (2m + 1) / 2 < 2^15, so that x / scale is either exactly a half or at least a relative 2^-40 away from it, while 1 / scale
 * and the products are rounded by 2^-53 each.
 */
export function emitQuantize(e: Emitter, real: string, { scale, bits }: QuantizedTensor, output: string): string {
  const [low, high] = rangeOf(bits)
  const factor = e.scalar('float64', (1 / scale) * (1 + 2 ** -45))
  const quotient = e.emit('Mul', [cast(e, real, DataType.DOUBLE), factor])
  const rounded = cast(e, e.emit('Round', [quotient]), DataType.FLOAT)
  return e.emit('Clip', [rounded, e.scalar('float32', low), e.scalar('float32', high)], [], output)
}

/** float32(q) * float32(scale). */
export function emitDequantize(e: Emitter, integer: string, { scale }: QuantizedTensor, output: string): string {
  return e.emit('Mul', [integer, e.scalar('float32', scale)], [], output)
}
