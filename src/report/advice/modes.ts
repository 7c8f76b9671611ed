// Which modes to try: by the loss, and tensor by tensor by what their ranges cost.

import type { QuantMode } from '../../config/options/words.js'
import { hasOwnWidth } from '../../plan/groups.js'
import type { QuantizationEntry } from '../data/types.js'
import { percentText, shortText } from './text.js'
import { areModesTried, isTried } from './tried.js'
import type { Findings, Rule } from './types.js'

/** A loss in per cent that is worth another try. */
const NOTABLE_LOSS = 1

/** One mode alone, not found by auto, that lost much, or that nobody measured. */
export const otherModes: Rule = ({ results, options }) => {
  if (areModesTried(options)) return []
  const modes = new Set(results.map(({ mode }) => mode))
  const [best] = results
  if (best === undefined || modes.size > 1 || (best.loss !== null && best.loss <= NOTABLE_LOSS)) return []
  const evidence = best.loss === null ? 'Nothing measured the loss.' : `It loses ${shortText(best.loss)} %.`
  const isKl = best.mode === 'kl'
  const text = isKl
    ? 'kl, as published, clips some tensors (hard-swish, long tails) too early; auto takes the mode that comes nearest to the float model.'
    : `${best.mode} is one of several modes: auto takes the one that comes nearest to the float model.`
  return [{ tensor: null, text, evidence, next: '-qm auto' }]
}

/** How much better another range must be, as a ratio of errors. */
const NOTABLE_GAIN = 2
const MOST_NAMED = 5

/**
 * A tensor for which another mode of the run has a far better range. The run has tried that mode for the whole model, where it came out no better. What is left
 * to try is the mode for this tensor alone: --mix-config gives it to the operator that writes the tensor. No operator writes an input of the model.
 */
export const betterRange: Rule = ({ tensors, operators, quantizations, results }) => {
  const [shown] = quantizations
  if (shown === undefined) return []
  const found = tensors.flatMap(({ name, scaleOf }, i) => {
    const writer = scaleOf === name ? modeHolder(name, tensors, operators) : undefined
    // Zero points can tie a range to those of its neighbours, which costs more than the mode of the tensor itself.
    const others = quantizations.filter(({ mode, offsets }) => mode !== shown.mode && offsets[i] === 0)
    if (writer === undefined || shown.offsets[i] !== 0) return []
    const best = others.reduce<QuantizationEntry | undefined>(
      (least, one) => (least === undefined || cost(one, i) < cost(least, i) ? one : least),
      undefined,
    )
    const now = cost(shown, i)
    if (best === undefined || now === 0 || cost(best, i) * NOTABLE_GAIN > now) return []
    return [{ name, writer, mode: best.mode, from: now, to: cost(best, i) }]
  })
  return found
    .sort((a, b) => b.from / b.to - a.from / a.to)
    .slice(0, MOST_NAMED)
    .map(({ name, writer, mode, from, to }) => ({
      tensor: name,
      text: `has a better range by ${mode} than by ${shown.mode}.`,
      evidence: `Clipping and rounding cost ${shortText(to)} instead of ${shortText(from)} (RMSE over its values).${wholeLosses(results, [mode, shown.mode])}`,
      next: `-mc FILE with this mode for one operator: { "op_names": { ${JSON.stringify(writer)}: { "quant-mode": "${mode}" } } }`,
    }))
}

/** What the modes lose on the model as a whole, the least over the run's -i values; empty where one was not measured. */
function wholeLosses(results: Findings['results'], modes: readonly [string, string]): string {
  const [one, other] = modes.map((mode) => {
    const losses = results.flatMap((result) => (result.mode === mode && result.loss !== null ? [result.loss] : []))
    return losses.length === 0 ? undefined : Math.min(...losses)
  })
  if (one === undefined || other === undefined) return ''
  return ` For the whole model ${modes[0]} loses ${shortText(one)} %, ${modes[1]} ${shortText(other)} %.`
}

/** The operator whose mode in --mix-config is that of the tensors that share this tensor's scale. */
function modeHolder(name: string, tensors: Findings['tensors'], operators: Findings['operators']) {
  const shared = new Set(tensors.filter(({ scaleOf }) => scaleOf === name).map((tensor) => tensor.name))
  return operators.find((operator) => hasOwnWidth(operator) && operator.outputs.some((output) => shared.has(output)))
    ?.name
}

/** Clipping and rounding together. */
function cost({ clipping, rounding }: QuantizationEntry, i: number): number {
  return Math.hypot(clipping[i]!, rounding[i]!)
}

/** Share of values that may lie in the outer half of a range before they are no longer a few. */
const FEW = 1e-4

/** Modes that clip, those first that seldom clip too much. */
const clippingModes: readonly QuantMode[] = ['mse', 'kl_v2', 'percentile']

/** A few values that stretch a range which nothing clips. */
export const outliers: Rule = (findings) => {
  const { tensors, quantizations } = findings
  const [shown] = quantizations
  if (shown === undefined) return []
  const next = clippingModes.find((mode) => !isTried(findings, mode))
  if (next === undefined) return []
  const found = tensors.flatMap(({ name, scaleOf, histogram }, i) => {
    const top = Math.max(-bound(shown, shown.lows, i), bound(shown, shown.highs, i))
    const total = histogram.counts.reduce((sum, count) => sum + count, 0)
    if (scaleOf !== name || total === 0 || shown.clipping[i]! > 0) return []
    const outside = outerCount(findings, i, top / 2) / total
    return outside > 0 && outside < FEW ? [{ name, outside, top }] : []
  })
  return found
    .sort((a, b) => a.outside - b.outside)
    .slice(0, MOST_NAMED)
    .map(({ name, outside, top }) => ({
      tensor: name,
      text: 'has a few outliers that stretch its range: half of its codes serve almost nothing.',
      evidence: `${percentText(outside)} of its values lie beyond half of ${shortText(top)}.`,
      next: `-qm ${next}`,
    }))
}

function bound({ scales, offsets }: QuantizationEntry, codes: readonly number[], i: number): number {
  return codes[i]! * scales[i]! + offsets[i]!
}

/** Values in bins that begin beyond a magnitude. */
function outerCount({ tensors }: Findings, i: number, magnitude: number): number {
  const { start, step, counts } = tensors[i]!.histogram
  return counts.reduce((sum, count, bin) => {
    const [from, to] = [start + bin * step, start + (bin + 1) * step]
    return from >= magnitude || to <= -magnitude ? sum + count : sum
  }, 0)
}
