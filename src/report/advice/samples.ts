// Whether calibration saw enough.

import type { DriftEntry, QuantizationEntry } from '../data/types.js'
import { percentText, shortText } from './text.js'
import type { Findings, Rule } from './types.js'

/** Below this a classifier's classes are hardly covered. */
const FEW_SAMPLES = 100

export const fewSamples: Rule = ({ data }) => {
  if (data.samples >= FEW_SAMPLES) return []
  return [
    {
      tensor: null,
      text: 'These are few samples: usual are 500 to 1000 images that cover every class, or about 100 utterances; min_max needs the least.',
      evidence: `Calibrated on ${data.samples === 1 ? '1 sample' : `${data.samples} samples`}.`,
      // Of a larger calibration the first samples are a smaller one: two show whether ranges still move.
      next: '-i 250 500',
    },
  ]
}

/** A change of a range, as a share, that is no longer noise. */
const NOTABLE_DRIFT = 0.1
const MOST_NAMED = 3

/** Ranges that the last samples still moved: the second half of them, or those of the largest of several -i values. */
export const stillMoving: Rule = (findings) => {
  const [best] = findings.quantizations
  return best?.drift == null ? movingBetweenIterations(findings) : movingBetweenHalves(findings, best, best.drift)
}

function movingBetweenHalves({ tensors, data }: Findings, { mode, iteration }: QuantizationEntry, drift: DriftEntry) {
  return tensors
    .flatMap(({ name, scaleOf }, i) => {
      const change = drift.changes[i] ?? 0
      return scaleOf === name && Math.abs(change) > NOTABLE_DRIFT ? [{ name, change }] : []
    })
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change))
    .slice(0, MOST_NAMED)
    .map(({ name, change }) => ({
      tensor: name,
      text: `has a range that still moves with more samples (${mode}).`,
      evidence: `All ${data.samples} samples give one ${percentText(Math.abs(change))} ${change > 0 ? 'larger' : 'smaller'} than the first ${drift.samples}.`,
      next: `-i ${iteration * 2}`,
    }))
}

function movingBetweenIterations({ tensors, quantizations }: Findings) {
  const [best] = quantizations
  const sameMode = quantizations.filter(({ mode }) => mode === best?.mode).sort((a, b) => a.iteration - b.iteration)
  const [before, after] = sameMode.slice(-2)
  if (before === undefined || after === undefined) return []
  return tensors
    .flatMap(({ name, scaleOf }, i) => {
      const [was, is] = [before, after].map(({ scales, highs, offsets }) => highs[i]! * scales[i]! + offsets[i]!) as [
        number,
        number,
      ]
      const drift = Math.abs(is - was) / was
      return scaleOf === name && drift > NOTABLE_DRIFT ? [{ name, was, is, drift }] : []
    })
    .sort((a, b) => b.drift - a.drift)
    .slice(0, MOST_NAMED)
    .map(({ name, was, is, drift }) => ({
      tensor: name,
      text: `has a range that still moves with more samples (${after.mode}).`,
      evidence: `From -i ${before.iteration} to -i ${after.iteration} it went from ${shortText(was)} to ${shortText(is)}, by ${percentText(drift)}.`,
      next: `-i ${after.iteration * 2}`,
    }))
}
