// Constants that stand for minus infinity, and the room that scales make for them.

import { HIGHEST_MASKED } from '../onnx/scores.js'
import type { Parts } from './parts.js'

/** Whether no activation reaches a value: minus infinity before a Softmax, or infinity before what turns the sign. */
export const isMasked = (value: number) => Math.abs(value) >= -HIGHEST_MASKED

export function partsMask(parts: Parts): boolean {
  return parts.some((part) => part !== 'input' && part.data.some(isMasked))
}

/** So far below the others, a masked score has less than 2^-30 of a Softmax. */
export const ROOM_FOR_MASKED = 24

/**
 * The same for 8 bits. A Softmax gives a masked score e^-6 of one of zero; more room would make the steps coarser, and lose more than that by rounding the
 * others.
 */
export const NARROW_ROOM_FOR_MASKED = 6
