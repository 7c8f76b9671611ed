// A quotient as ONNX nodes on integers: sign(a b) floor((2^16 |a m| + |b| 2^q) / (2 |b| 2^q)). Dividend and divisor are integers below 2^48, so that a
// quotient that is no integer is at least 2^-48 from one, more than float64 rounds it by.

import { finish, product, requantize, toFloat64 } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import type { EmitContext } from '../contexts.js'
import { DIVIDEND_BITS, type FixedQuotient } from './solve.js'

export function emitQuotient(e: Emitter, operator: FixedQuotient, context: EmitContext): string[] {
  const [left, right] = [context.integers(operator.inputs[0]!), context.integers(operator.inputs[1]!)]
  const { multiplier, shift } = operator.requantize
  const float64 = (value: number) => e.scalar('float64', value)
  const scaled = requantize(e, left, multiplier, 0)
  const dividend = e.emit('Mul', [e.emit('Abs', [toFloat64(e, scaled).name]), float64(2 ** (DIVIDEND_BITS + 1))])
  const magnitude = e.emit('Max', [e.emit('Abs', [toFloat64(e, right).name]), float64(1)])
  const divisor = e.emit('Mul', [magnitude, float64(2 ** shift)])
  const rounding = e.emit('Add', [dividend, divisor])
  const quotient = e.emit('Floor', [e.emit('Div', [rounding, e.emit('Mul', [divisor, float64(2)])])])
  // 2 b + 1 has the sign of b, and is never 0.
  const odd = e.emit('Add', [e.emit('Mul', [right.name, e.scalar('float32', 2)]), e.scalar('float32', 1)])
  const sign = toFloat64(e, { name: e.emit('Sign', [odd]), type: 'float32', bound: 1 })
  const left64 = toFloat64(e, { name: e.emit('Sign', [left.name]), type: 'float32', bound: 1 })
  const signed = product(
    e,
    { name: quotient, type: 'float64', bound: scaled.bound * 2 ** DIVIDEND_BITS },
    product(e, sign, left64),
  )
  return [finish(e, signed, operator.low, operator.high)]
}
