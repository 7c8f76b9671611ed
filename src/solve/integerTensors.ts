// Tensors of integers of the chip's own width have a scale of exactly 1 in every mode: nothing is rounded. Inputs may hold such, pixels less 128 for one; what
// rounds gives such, and a place that is computed so must not become the one before.

import { rangeOf } from '../fixedpoint/width.js'
import { BINS_LOG2, BINS_PER_SIGN, type Histogram } from '../histogram/types.js'
import { familyOf, isFallback } from '../operators/index.js'
import { WIDE_HEADROOM } from '../plan/solve.js'
import type { Plan } from '../plan/types.js'
import type { GroupHistogram } from './groups.js'

/** Threshold by scale group, where the group is an input of the chip and holds such integers, or is written by what gives them. */
export function integerTensors({ operators }: Plan, groups: readonly GroupHistogram[]): ReadonlyMap<string, number> {
  const onChip = operators.filter((one) => !isFallback(one))
  const written = new Set(onChip.flatMap(({ outputs }) => outputs))
  const rounding = onChip.filter((one) => familyOf(one).givesIntegers?.(one))
  const rounded = new Set(rounding.flatMap(({ outputs }) => outputs))
  const found = groups.flatMap(({ scaleGroup: { name, sources, bits }, histogram }) => {
    const [low, high] = rangeOf(bits)
    const fits = histogram.min >= low && histogram.max <= high
    // Smaller integers are exact at a finer scale as well, which the modes find.
    const isLarge = Math.max(-histogram.min, histogram.max) > high / 2
    const isInput = sources.every((tensor) => !written.has(tensor)) && isLarge && holdsIntegers(histogram)
    if (!fits || !(isInput || sources.every((tensor) => rounded.has(tensor)))) return []
    return [[name, bits > 8 ? high / WIDE_HEADROOM : high] as const]
  })
  return new Map(found)
}

/** Whether all values lie in bins that begin at an integer, and there is more than one of these between two. */
function holdsIntegers({ counts, exponent, min, max }: Histogram): boolean {
  const binsPerStep = 2 ** (BINS_LOG2 - exponent)
  if (binsPerStep < 2 || !Number.isInteger(min) || !Number.isInteger(max)) return false
  return counts.every((count, bin) => count === 0 || (bin % BINS_PER_SIGN) % binsPerStep === 0)
}
