// Ranges that do not fit what the model does on the evaluation data.

import { percentText, shortText } from './text.js'
import { isTried } from './tried.js'
import type { Findings, Rule } from './types.js'

const MOST_NAMED = 5

/** Share of values beyond the range that shows. */
const NOTABLE_CLIPPING = 0.01

/** An output of which a visible share is clipped. */
export const saturating: Rule = (findings) => {
  const { tensors, quantizations } = findings
  const shown = quantizations.find(({ compared }) => compared > 0)
  if (shown === undefined) return []
  const { clippedLow, clippedHigh } = shown.accumulated
  return (
    tensors
      // A zero point leaves out what the functions that read a tensor do not tell apart, such as what hard-swish makes zero.
      .map(({ name }, i) => ({
        name,
        low: shown.offsets[i] === 0 ? (clippedLow[i] ?? 0) : 0,
        high: clippedHigh[i] ?? 0,
      }))
      .filter(({ low, high }) => low + high > NOTABLE_CLIPPING)
      .sort((a, b) => b.low + b.high - a.low - a.high)
      .slice(0, MOST_NAMED)
      .map(({ name, low, high }) => ({
        tensor: name,
        text: 'saturates: its values go beyond its range.',
        evidence: `${percentText(low)} are clipped below and ${percentText(high)} above.`,
        next: remedy(findings, shown.mode),
      }))
  )
}

/** min_max clips nothing that calibration saw. Where another mode came out better than min_max, nothing says that a wider range would gain. */
function remedy(findings: Findings, mode: string): string | null {
  if (mode === 'min_max') return '-i all, so that calibration sees these values'
  return isTried(findings, 'min_max') ? null : '-qm min_max'
}

/** Share of codes below which a range is wasted: what a Relu leaves of a symmetric one is twice as much. */
const FEW_CODES = 0.25
/** Tensors of fewer values cannot use their codes. */
const LEAST_VALUES = 4096

/** A range of whose codes few are used. */
export const unusedRange: Rule = (findings) => {
  const { tensors, quantizations } = findings
  const shown = quantizations.find(({ compared }) => compared > 0)
  if (shown === undefined) return []
  return tensors
    .flatMap(({ name, bits, dims, scaleOf }, i) => {
      const used = shown.accumulated.codesUsed[i] ?? 1
      const values = dims.reduce((product, dim) => product * dim, shown.compared)
      return bits <= 8 && values >= LEAST_VALUES && used < FEW_CODES ? [{ name, used, scaleOf, bits }] : []
    })
    .sort((a, b) => a.used - b.used)
    .slice(0, MOST_NAMED)
    .map(({ name, used, scaleOf, bits }) => ({
      tensor: name,
      text:
        scaleOf === name ? 'uses little of its range.' : `uses little of its range, which it shares with ${scaleOf}.`,
      evidence: `${percentText(used)} of its ${2 ** bits} codes occur.`,
      next: scaleOf === name && !isTried(findings, 'mse') ? '-qm mse' : null,
    }))
}

/** An input that holds what looks like bytes. */
export const integerInputs: Rule = ({ operators, tensors }) => {
  const written = new Set(operators.flatMap(({ outputs }) => outputs))
  return tensors
    .filter(({ name, min, max }) => !written.has(name) && ((min >= 0 && max === 255) || (min === -128 && max === 127)))
    .map(({ name, min, max }) => ({
      tensor: name,
      text: 'is an input that takes what looks like bytes: the chip takes them as they are.',
      evidence: `Its values are ${shortText(min)} to ${shortText(max)}.`,
      next: `-qid ${min >= 0 ? 'uint8' : 'int8'}`,
    }))
}
