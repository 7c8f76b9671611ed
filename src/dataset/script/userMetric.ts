// A user's metric as squire calls it: whatever goes wrong in it is said to be the metric's. What update throws is not looked at here: who calls it
// knows the sample.

import { inText, SquireError } from '../../errors.js'
import type { Metric } from '../types.js'
import { called } from './userCode.js'

/** The metric with the failures of initial, merge, value and details explained. */
export function explainedMetric(metric: Metric): Metric {
  const of = `of metric "${metric.name}"`
  return {
    name: metric.name,
    initial: () => called(`initial() ${of} threw`, () => metric.initial()),
    update: (state, outputs, label, index) => metric.update(state, outputs, label, index),
    merge(earlier, later) {
      const merged = called(`merge() ${of} threw`, () => metric.merge(earlier, later))
      if (!isPromise(merged)) return merged
      // Nobody waits for it: what it may reject with is not news.
      merged.then(undefined, () => {})
      throw new SquireError(
        'USER_SCRIPT',
        `merge() ${of} gave a promise, expected the merged state: it may not be async`,
      )
    },
    value: (state) => called(`value() ${of} threw`, () => metric.value(state)),
    ...(metric.details === undefined ? {} : { details: (state) => detailsOf(metric, state) }),
  }
}

function detailsOf(metric: Metric, state: unknown): string {
  return inText(called(`details() of metric "${metric.name}" threw`, () => metric.details!(state)))
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
