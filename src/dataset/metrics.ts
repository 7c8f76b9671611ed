// Ready-made metrics. A metric is a fold over samples whose partial states merge in sample order. What is wrong with one sample is thrown as a
// plain error: whoever called knows the sample's id and adds it.

import { SquireError } from '../errors.js'
import type { TensorValue } from '../onnx/types.js'
import { own } from '../own.js'
import type { Metric, Outputs } from './types.js'

export interface HitCount {
  readonly hits: number
  readonly total: number
}

export interface TopKOptions {
  /** How many of the highest scores count as a hit. Default 1. */
  readonly k?: number
  /** Which output holds the scores: its name, or its position. Default 0. */
  readonly output?: number | string
}

/**
 * The share of samples whose label is among the k highest scores, in [0, 1]. The label is a class index. Of equal scores the lowest
 * index comes first, as in numpy's argmax.
 */
export function topK({ k = 1, output = 0 }: TopKOptions = {}): Metric<HitCount, number> {
  return {
    name: `top-${k}`,
    initial: () => ({ hits: 0, total: 0 }),
    update({ hits, total }, outputs, label) {
      const scores = outputOf(outputs, output).data
      if (!Number.isInteger(label) || label < 0 || label >= scores.length) {
        throw new RangeError(`label ${String(label)} is not a class index in [0, ${scores.length})`)
      }
      return { hits: hits + (rankOf(scores, label) < k ? 1 : 0), total: total + 1 }
    },
    merge: (a, b) => ({ hits: a.hits + b.hits, total: a.total + b.total }),
    value: ({ hits, total }) => hits / total,
  }
}

/** Top-1 accuracy of the first output, which also tells top-5. What labelled data without code are measured by. */
export function topOneAndFive(): Metric<TopOneAndFive, number> {
  const [one, five] = [topK({ k: 1 }), topK({ k: 5 })]
  return {
    name: one.name,
    initial: () => ({ one: one.initial(), five: five.initial() }),
    update(state, outputs, label, index) {
      // Both answer at once: topK is not asynchronous.
      const [first, second] = [
        one.update(state.one, outputs, label, index),
        five.update(state.five, outputs, label, index),
      ]
      return { one: first as HitCount, five: second as HitCount }
    },
    merge: (a, b) => ({ one: one.merge(a.one, b.one), five: five.merge(a.five, b.five) }),
    value: ({ one: state }) => one.value(state),
    details: (state) => `top-1 ${percent(one.value(state.one))}, top-5 ${percent(five.value(state.five))}`,
  }
}

export interface TopOneAndFive {
  readonly one: HitCount
  readonly five: HitCount
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

export interface Mean {
  readonly sum: number
  readonly total: number
}

/** The mean of a number per sample. Sums are taken in sample order, so the value does not depend on the number of workers. */
export function meanOf<Label>(
  name: string,
  score: (outputs: Outputs, label: Label, index: number) => number | Promise<number>,
): Metric<Mean, Label> {
  return {
    name,
    initial: () => ({ sum: 0, total: 0 }),
    async update({ sum, total }, outputs, label, index) {
      const value = await score(outputs, label, index)
      if (!Number.isFinite(value)) throw new RangeError(`"${name}" is ${String(value)}, expected a finite number`)
      return { sum: sum + value, total: total + 1 }
    },
    merge: (a, b) => ({ sum: a.sum + b.sum, total: a.total + b.total }),
    value: ({ sum, total }) => sum / total,
  }
}

/** How many scores come before the one at `label`. NaN comes before everything, and is itself no hit. */
function rankOf(scores: TensorValue['data'], label: number): number {
  const own = scores[label]!
  let rank = 0
  for (let i = 0; i < scores.length; i++) {
    const other = scores[i]!
    if (i !== label && !(other < own) && !(other === own && i > label)) rank++
  }
  return rank
}

function outputOf(outputs: Outputs, output: number | string): TensorValue {
  const value = typeof output === 'number' ? outputs[output] : own(outputs.byName, output)
  if (value !== undefined) return value
  throw new SquireError(
    'USER_SCRIPT',
    `metric: the model has no output ${JSON.stringify(output)}; it has ${Object.keys(outputs.byName)
      .map((name) => `"${name}"`)
      .join(', ')}`,
  )
}
