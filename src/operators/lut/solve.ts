import type { Offence } from '../../fixedpoint/multiplier.js'
import { rshift } from '../../fixedpoint/rounding.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { FixedOperator, IntegerRange, Solved } from '../types.js'
import type { PlannedLut } from './plan.js'
import { pointsOf, type Spacing } from './spacing.js'
import { makeTable } from './table.js'

/**
 * Without a spacing: y = table[x + 128]. Else, between the points i and i + 1, which are 2^n inputs apart, for an x that lies r inputs after i, and of
 * octaves r inputs farther from zero: y = rshift(table[i] * 2^n + (table[i + 1] - table[i]) * r, n + fractionBits).
 */
export interface FixedLut extends FixedOperator {
  /** One entry an input of 8 bits, or one a point. */
  readonly table: Int16Array
  readonly spacing: Spacing | undefined
  /** Entries of points have this many bits behind the point: what fills their 16 bits, so that an output of 8 bits is rounded once. */
  readonly fractionBits: number
  /** The real value that the input 0 stands for, which is smaller than half of the input's scale. */
  readonly zero: number
  readonly label: string
}

/** Of a point between segments. */
const POINT_BITS = 16
/** As many points of magnitudes that have 16 bits are near 2^n where an octave has 2^(n - 5). */
const OCTAVES_BITS = 5

export function solveLut(planned: PlannedLut, context: SolveContext): Solved<FixedLut> | Offence {
  const { kind, name, nodes, inputs, outputs, label, evaluate } = planned
  const input = quantizedIn(context, inputs[0]!)
  const output = quantizedIn(context, outputs[0]!)
  const spacing = input.bits > 8 ? spacingOf(kind, input.bits, context.lutBits) : undefined
  const points = spacing ? pointsOf(spacing, input.bits) : Array.from({ length: 256 }, (_, index) => index - 128)
  const fractionBits = spacing ? POINT_BITS - output.bits : 0
  const zero = kind === 'steeplut' && fallsSteeply(evaluate, input.scale) ? input.scale * MEAN_OF_LOGARITHM : 0
  const table = makeTable((x) => evaluate(x === 0 ? zero : x), points, input, output, fractionBits)
  if (!table) return { offence: `${label} is nowhere a number in the range of its input` }
  return { operator: { kind, name, nodes, inputs, outputs, table, spacing, fractionBits, zero, label }, warnings: [] }
}

/** What rounds to 0 lies between 0 and s / 2, and the mean of log(x) there is log(s / 2e). */
const MEAN_OF_LOGARITHM = 1 / (2 * Math.E)

/**
 * Whether f(0) says little about the values that round to 0, because f changes more from 0 to the scale s than from s to 2 s. False for a function that
 * goes on below 0, as log(|x|): there the QDQ model could not write the same as a maximum.
 */
function fallsSteeply(f: (x: number) => number, scale: number): boolean {
  const [below, atZero, first, second] = [-1, 0, 1, 2].map((point) => f(Math.fround(point * scale))) as FourNumbers
  const endsAtZero = Number.isNaN(below) || below === atZero
  return endsAtZero && Number.isFinite(first) && !(Math.abs(first - atZero) <= 2 * Math.abs(second - first))
}

type FourNumbers = [number, number, number, number]

function spacingOf(kind: PlannedLut['kind'], inputBits: number, lutBits: number): Spacing {
  return kind === 'steeplut'
    ? { kind: 'octaves', bits: lutBits - OCTAVES_BITS }
    : { kind: 'even', bits: inputBits - lutBits }
}

/** Between two points nothing leaves what they span. */
export function lutRanges({ table, fractionBits }: FixedLut): IntegerRange[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of table) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [[rshift(low, fractionBits), rshift(high, fractionBits)]]
}
