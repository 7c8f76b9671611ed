// Thresholds of tensors that calibration saw nothing but zeros in. Any scale holds these, but the operators around must fit the chip at it, and
// what other data bring there should be in keeping with the tensors that are made of it.

import { ROOM_FOR_MASKED } from '../../operators/masks.js'
import type { Plan } from '../../plan/types.js'
import type { GroupHistogram } from '../../solve/groups.js'

/**
 * The thresholds, where those of tensors of zeros are at most those of what is made of them; scores that are zero but for masks reach so far that
 * their sum with others is masked too.
 */
export function withZeroTensors(
  { operators, groups, masked }: Plan,
  histograms: readonly GroupHistogram[],
  thresholds: ReadonlyMap<string, number>,
): Map<string, number> {
  const result = new Map(thresholds)
  const zero = new Set(
    histograms.flatMap(({ scaleGroup, histogram }) => (histogram.count > histogram.zeros ? [] : [scaleGroup.name])),
  )
  if (zero.size === 0) return result
  const groupOf = new Map(groups.flatMap(({ name, tensors }) => tensors.map((tensor) => [tensor, name] as const)))
  for (const { name, tensors } of groups) {
    if (zero.has(name) && tensors.some((tensor) => masked.has(tensor))) result.set(name, ROOM_FOR_MASKED)
  }
  for (const { inputs, outputs } of [...operators].reverse()) {
    const made = outputs.map((name) => result.get(groupOf.get(name) ?? '') ?? Number.POSITIVE_INFINITY)
    for (const input of inputs.filter((name) => !masked.has(name))) {
      const group = groupOf.get(input)
      const held = group !== undefined && zero.has(group) ? result.get(group) : undefined
      if (held !== undefined) result.set(group!, Math.min(held, ...made))
    }
  }
  return result
}
