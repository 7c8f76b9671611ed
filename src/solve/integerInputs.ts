// Inputs that hold integers of the chip's own width, such as pixels less 128, have a scale of exactly 1 in every mode: nothing is rounded.

import { rangeOf } from '../fixedpoint/width.js'
import { BINS_LOG2, BINS_PER_SIGN, type Histogram } from '../histogram/types.js'
import { isFallback } from '../operators/index.js'
import type { Plan } from '../plan/types.js'
import type { GroupHistogram } from './groups.js'

/** Threshold by scale group, where the group is an input of the chip and holds such integers. */
export function integerInputs({ operators }: Plan, groups: readonly GroupHistogram[]): ReadonlyMap<string, number> {
  const written = new Set(operators.filter((one) => !isFallback(one)).flatMap(({ outputs }) => outputs))
  const found = groups.flatMap(({ scaleGroup: { name, sources, bits }, histogram }) => {
    const [low, high] = rangeOf(bits)
    const fits = histogram.min >= low && histogram.max <= high
    // Smaller integers are exact at a finer scale as well, which the modes find.
    const isLarge = Math.max(-histogram.min, histogram.max) > high / 2
    const isInput = sources.every((tensor) => !written.has(tensor))
    return fits && isLarge && isInput && holdsIntegers(histogram) ? [[name, high] as const] : []
  })
  return new Map(found)
}

/** Whether all values lie in bins that begin at an integer, and there is more than one of these between two. */
function holdsIntegers({ counts, exponent, min, max }: Histogram): boolean {
  const binsPerStep = 2 ** (BINS_LOG2 - exponent)
  if (binsPerStep < 2 || !Number.isInteger(min) || !Number.isInteger(max)) return false
  return counts.every((count, bin) => count === 0 || (bin % BINS_PER_SIGN) % binsPerStep === 0)
}
