// Sums whose inputs have zero points: what ties the offset of the output to those of the inputs.

import { familyOf } from '../operators/index.js'
import type { Gain, PlannedOperator } from '../operators/types.js'
import type { Plan } from '../plan/types.js'
import { addsUp, type Group, isInside } from './groups.js'
import { finestOffset, type Range } from './range.js'

export interface Addend extends Gain {
  readonly group: string
}

export interface Sum {
  readonly operator: PlannedOperator
  readonly output: string
  /** Groups of 8-bit integers; several addends may be of one. */
  readonly addends: readonly Addend[]
  /**
   * Whether it is a mean of what a product multiplies, as in squeeze-and-excite. The gate is made of hundreds of means, in which their noise averages out:
   * it is not weighed against the noise of what the gate multiplies.
   */
  readonly squeezes: boolean
  /** Whether it is a mean of few values, an even number of them: in steps of what it averages many of its outputs are halves. */
  readonly makesHalves: boolean
}

/** The mean of n integers is a half once in n times, for an even n: for more than these that is too seldom to matter. */
const MOST_FOR_HALVES = 16

/** In topological order. */
export function sumsOf({ operators }: Plan, keyOf: (tensor: string) => string, factors: ReadonlySet<string>): Sum[] {
  return operators.filter(addsUp).map((operator) => {
    const gains = familyOf(operator).gains!(operator)!
    const addends = operator.inputs.map((name, i) => ({ ...gains[i]!, group: keyOf(name) }))
    const squeezes = addends.length === 1 && factors.has(addends[0]!.group)
    return { operator, output: keyOf(operator.outputs[0]!), addends, squeezes, makesHalves: makesHalves(gains) }
  })
}

function makesHalves([gain, ...others]: readonly Gain[]): boolean {
  const count = Math.round(gain!.constant ** 2 / gain!.noise)
  return others.length === 0 && count % 2 === 0 && count <= MOST_FOR_HALVES
}

/** Whether a group leaves itself for nothing but a sum, and whatever writes it from outside can write it less any constant. */
export function isFree({ scaleGroups, readers, writers }: Group, sum: PlannedOperator): boolean {
  const own = new Set(scaleGroups.flatMap(({ tensors }) => tensors))
  const isOutside = (operator: PlannedOperator) => !isInside(operator, own)
  return (
    readers.filter(isOutside).every((reader) => reader === sum) &&
    writers.filter(isOutside).every((writer) => familyOf(writer).traits.offset === 'absorbs')
  )
}

/**
 * The offset of each input that makes up a difference, of `total` together at the output. Each step away from the offset that suits an input best widens
 * its range. So the smallest ranges go first, until they are as wide as the next ones: that makes the least sum of squares.
 * @param inputs with what the sum multiplies them by
 */
export function shared(
  inputs: readonly { readonly range: Range; readonly constant: number }[],
  total: number,
): number[] {
  const finest = inputs.map(({ range }) => finestOf(range))
  const missing = inputs.reduce((left, { constant }, i) => left - constant * finest[i]!, total)
  const widths = inputs.map(({ range, constant }, i) => {
    return Math.abs(constant) * Math.max(finest[i]! - range.low, range.high - finest[i]!)
  })
  const level = levelOf(widths, Math.abs(missing))
  return inputs.map(({ constant }, i) => {
    const width = widths[i]!
    const offset = finest[i]! + (Math.sign(missing) * Math.max(0, level - width)) / constant
    // Float rounding may leave next to nothing where there is to be no offset.
    return Math.abs(offset * constant) < width * NEGLIGIBLE ? 0 : offset
  })
}

export function finestOf(range: Range): number {
  return finestOffset(range)?.offset ?? 0
}

/** Of half a range: less than a thousandth of a step. */
const NEGLIGIBLE = 2 ** -18

/** How high water stands above a floor of these heights, each of the same area, once `volume` of it is poured in. */
function levelOf(heights: readonly number[], volume: number): number {
  const sorted = [...heights].sort((a, b) => a - b)
  let level = Number.POSITIVE_INFINITY
  let below = 0
  for (const [i, height] of sorted.entries()) {
    if (height >= level) break
    below += height
    level = (volume + below) / (i + 1)
  }
  return level
}
