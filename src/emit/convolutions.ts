// The second step behind a 2-D convolution as more convolutions: 1x1, a group a channel, a product and a sum a value.
//
// ONNX Runtime keeps convolutions, and the activations that it fuses into them, in a layout of blocks of channels. A node of another type
// between two convolutions costs it two reorderings besides its own pass over memory.
//
// Rounding is HardSigmoid, max(0, min(1, alpha * x + beta)), with beta = 3/4. Float32 numbers in [1/2, 1) are multiples of 2^-24, so that
// the sum rounds x * alpha to such a multiple: x * 2^-24 gives 3/4 + 2^-24 round(x) for |x| < 2^22. Farther x lead to results that are as
// far or farther, which the last clip takes for its bounds. The next convolution takes 3/4 away, exactly.
//   Relu. Before the clip to [0, high] beta is 1 - high * 2^-24, so that HardSigmoid's bound of 1 is the upper one. Relu is left, which ONNX Runtime's
//   convolutions do as they write; any other activation is a pass of its own.
//   Halves. The line's values are never halves. Those of a shift are carried away from zero by alpha = 2^-(shift+24) * (1 + 2^-23): an
//   integer |x| < 2^22 is moved by less than one half, whether product and sum are rounded apart or together, and never by zero.

import type { ScaleFix } from '../fixedpoint/types.js'
import { makeAttribute } from '../onnx/attribute.js'
import type { Integers } from './arithmetic.js'
import type { Emitter } from './builder.js'
import type { Line } from './line.js'
import { LARGEST_X, type Linear } from './stairs.js'

/** ONNX Runtime fills blocks of 8 or 16 channels up: fewer channels would be mostly filling. */
const LEAST_CHANNELS = 16
/** Integers that a shift may round. */
const LARGEST_SHIFTED = 2 ** 22
const OFFSET = 3 / 4
const UNIT = 2 ** -24

/** Whether the sums of a 2-D convolution may go on as alongConvolutions takes them: a0 is not clipped there, and rounded right where lines are. */
export function fitsConvolutions(
  sums: Integers,
  fix: ScaleFix,
  { anyWidth }: Linear,
  dims: readonly number[],
): boolean {
  const exact = fix.q0 === 0 || Math.min(sums.bound, LARGEST_X * 2 ** fix.q0) <= LARGEST_SHIFTED
  return exact && anyWidth && sums.type === 'float32' && dims.length === 4 && fix.scaleInt16.length >= LEAST_CHANNELS
}

/** y = clip(rshift(round((rshift(sums, q0) + centre) * factor + addend), rest)) */
export function alongConvolutions(e: Emitter, sums: Integers, { lines, rest }: Linear, fix: ScaleFix): string {
  const channels = lines.length
  const a0 = centred(e, sums.name, lines, fix.q0)
  const factor = e.vector(
    'factor',
    'float32',
    [channels, 1, 1, 1],
    lines.map((line) => line.factor),
  )
  const addend = e.vector(
    'addend',
    'float32',
    [channels],
    lines.map((line) => line.addend),
  )
  const line = multiplyAdd(e, a0, factor, addend, channels)
  return rest === 0
    ? roundedToRange(e, line, 0, fix, channels)
    : roundedToRange(e, whole(e, rounded(e, line, 0), channels), rest, fix, channels)
}

/** clip(rshift(x, shift)) */
function roundedToRange(e: Emitter, x: string, shift: number, { low, high }: ScaleFix, channels: number): string {
  if (low === 0) {
    const offset = 1 - high * UNIT
    return e.emit('Relu', [whole(e, rounded(e, x, shift, offset), channels, offset)])
  }
  const y = whole(e, rounded(e, x, shift), channels)
  return e.emit('Clip', [y, e.scalar('float32', low), e.scalar('float32', high)])
}

/** rshift(sums, q0) + centre */
function centred(e: Emitter, sums: string, lines: readonly Line[], q0: number): string {
  const channels = lines.length
  const centres = lines.map((line) => line.centre)
  if (centres.every((centre) => centre === 0)) return q0 === 0 ? sums : whole(e, rounded(e, sums, q0), channels)
  const [x, unit, offset] = q0 === 0 ? [sums, 1, 0] : [rounded(e, sums, q0), UNIT, OFFSET]
  const addend = e.vector(
    'centre',
    'float32',
    [channels],
    centres.map((centre) => centre - offset / unit),
  )
  return multiplyAdd(e, x, e.builder.filled([channels, 1, 1, 1], 1 / unit), addend, channels)
}

/** offset + UNIT * rshift(x, shift), 1 at most; without a shift for values of which none is halfway between integers. */
function rounded(e: Emitter, x: string, shift: number, offset = OFFSET): string {
  const alpha = UNIT * 2 ** -shift * (shift === 0 ? 1 : 1 + 2 ** -23)
  const attributes = [makeAttribute('alpha', { float: alpha }), makeAttribute('beta', { float: offset })]
  return e.emit('HardSigmoid', [x], attributes)
}

/** The integers behind `rounded`. */
function whole(e: Emitter, x: string, channels: number, offset = OFFSET): string {
  const factor = e.builder.filled([channels, 1, 1, 1], 1 / UNIT)
  return multiplyAdd(e, x, factor, e.builder.filled([channels], -offset / UNIT), channels)
}

function multiplyAdd(e: Emitter, x: string, factor: string, addend: string, channels: number): string {
  return e.emit('Conv', [x, factor, addend], [makeAttribute('group', channels), makeAttribute('kernel_shape', [1, 1])])
}
