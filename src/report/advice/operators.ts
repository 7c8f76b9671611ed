// Operators that cannot do well on the chip: weights of unequal size, shifts at the limit, and those that are not on it.

import { shortText } from './text.js'
import type { Rule } from './types.js'

const MOST_NAMED = 5

/** Ratio of the largest weights of two channels beyond which the small ones suffer from what they share. */
const UNEQUAL = 1000

/** Beside others a channel of weights smaller than float32 tells apart from them is 0 but for rounding: the sine of whole turns in a Fourier transform. */
const AS_GOOD_AS_ZERO = 2 ** -24

export const channelImbalance: Rule = ({ operators }) =>
  operators
    .flatMap(({ name, outputs, channelRanges }) => {
      const most = Math.max(...(channelRanges ?? []))
      const ranges = (channelRanges ?? []).filter((range) => range > most * AS_GOOD_AS_ZERO)
      if (ranges.length < 2) return []
      const least = Math.min(...ranges)
      return most / least > UNEQUAL ? [{ name, output: outputs[0] ?? name, least, most }] : []
    })
    .sort((a, b) => b.most / b.least - a.most / a.least)
    .slice(0, MOST_NAMED)
    .map(({ name, output, least, most }) => ({
      tensor: output,
      text: `comes of ${name}, whose output channels have weights of very unequal size: one shift serves them all.`,
      evidence: `The largest weights of its channels are ${shortText(least)} to ${shortText(most)}, ${shortText(most / least)} apart.`,
      next: 'train with weight decay, or scale the channels of the layer before',
    }))

/** How near to the limit a shift may come. */
const NEAR = 1

/** A last shift so small, or a shift so large, that other data may push it out of what the chip allows. */
export const shiftNearLimit: Rule = ({ operators, quantizations, qRange }) => {
  const [shown] = quantizations
  if (shown === undefined) return []
  const [least, most] = qRange
  return operators
    .flatMap(({ name, outputs }, i) =>
      Object.entries(shown.parameters[i] ?? {}).flatMap(([key, value]) => {
        if (!/^q\d$/.test(key) || typeof value !== 'number') return []
        const isNear = value >= most - NEAR || (key === 'q2' && value <= least + NEAR)
        return isNear ? [{ name, output: outputs[0] ?? name, key, value }] : []
      }),
    )
    .slice(0, MOST_NAMED)
    .map(({ name, output, key, value }) => ({
      tensor: output,
      text: `comes of ${name}, whose shift ${key} is near its limit: other data may push it over, and then the model cannot run.`,
      evidence: `${key} is ${value}, the chip allows ${least} to ${most}.`,
      next: '-i with more samples, to be sure of its range',
    }))
}

/** What is in software only for its neighbours. */
const followers = /lies between/

/** Operators in software, each with its reason. */
export const inSoftware: Rule = ({ operators }) =>
  operators
    .filter(({ reason }) => reason !== null && !followers.test(reason))
    .map(({ name, nodes, outputs, reason }) => ({
      tensor: outputs[0] ?? name,
      text: `comes of ${name} (${nodes.join(', ')}), which runs in software, in float.`,
      evidence: `${reason![0]!.toUpperCase()}${reason!.slice(1)}.`,
      next: 'leave it to the host with -on, which cuts the model before it',
    }))
