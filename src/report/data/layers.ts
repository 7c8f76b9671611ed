// From what a run knows to the entries of the report.

import type { ComparisonResult } from '../../compare/compare.js'
import type { Measures } from '../../difference/measures.js'
import { rangeOf } from '../../fixedpoint/width.js'
import type { Histogram } from '../../histogram/types.js'
import { familyOf, isFallback } from '../../operators/index.js'
import type { PlannedOperator } from '../../operators/types.js'
import type { FixedPointModel, Plan } from '../../plan/types.js'
import { quantizationError, sketch } from './histogram.js'
import { rounded } from './rounded.js'
import type { ErrorColumns, Layers, NoiseEntry, OperatorEntry, QuantizationEntry, TensorEntry } from './types.js'

/** Each source's own noise to signal at the outputs. */
export interface NoiseFacts {
  readonly samples: number
  readonly shares: readonly {
    readonly source: { readonly kind: 'tensors' | 'weights'; readonly name: string }
    readonly noise: number
  }[]
}

export interface QuantizationFacts {
  readonly mode: string
  readonly iteration: number
  readonly directory: string
  readonly fixed: FixedPointModel
  /** One an operator of `fixed`, in order. */
  readonly summaries: readonly Readonly<Record<string, unknown>>[]
  readonly comparison: ComparisonResult
  readonly noise: NoiseFacts | undefined
  /** Scale group -> change of its threshold since the first half of the samples, as a share. */
  readonly drift: { readonly samples: number; readonly changes: ReadonlyMap<string, number> } | undefined
}

export interface RunFacts {
  readonly plan: Plan
  readonly observed: ReadonlySet<string>
  /** The statistics of a tensor that is held as integers. */
  readonly histogramOf: (tensor: string) => Histogram
  readonly qRange: readonly [number, number]
  readonly quantizations: readonly QuantizationFacts[]
}

export function layersOf({ plan, observed, histogramOf, qRange, quantizations }: RunFacts): Layers {
  const names = [...plan.groupOf.keys()]
  const histograms = new Map(names.map((name) => [name, histogramOf(name)]))
  const bits = quantizations[0]?.fixed.quantized
  const tensors = names.map((name): TensorEntry => {
    const { min, max, zeros, count } = histograms.get(name)!
    return {
      name,
      dims: plan.tensors.get(name)?.dims ?? [],
      bits: bits?.get(name)?.bits ?? 0,
      scaleOf: plan.groupOf.get(name)!.name,
      observed: observed.has(name),
      ...(count === 0
        ? { min: 0, max: 0, zeros: 0 }
        : { min: rounded(min), max: rounded(max), zeros: rounded(zeros / count) }),
      histogram: sketch(histograms.get(name)!),
    }
  })
  return {
    operators: plan.operators.map(operatorEntry),
    tensors,
    qRange,
    quantizations: quantizations.map((facts) => quantizationEntry(facts, plan, names, histograms)),
  }
}

function operatorEntry(operator: PlannedOperator): OperatorEntry {
  return {
    name: operator.name,
    kind: operator.kind,
    nodes: operator.nodes.map(({ opType }) => opType),
    inputs: operator.inputs,
    outputs: operator.outputs,
    reason: isFallback(operator) ? (operator.reason ?? null) : null,
    channelRanges: channelRanges(operator),
  }
}

/** Channels that an entry lists one by one. */
const MOST_CHANNELS = 256

function channelRanges(operator: PlannedOperator): number[] | null {
  const ranges = familyOf(operator).largestWeights?.(operator)
  if (ranges === undefined) return null
  const channels = ranges.length
  if (channels <= MOST_CHANNELS) return ranges.map(rounded)
  const sorted = [...ranges].sort((a, b) => a - b)
  const at = (i: number) => sorted[Math.round((i * (channels - 1)) / (MOST_CHANNELS - 1))]!
  return Array.from({ length: MOST_CHANNELS }, (_, i) => rounded(at(i)))
}

function quantizationEntry(
  { mode, iteration, directory, fixed, summaries, comparison, noise, drift }: QuantizationFacts,
  plan: Plan,
  names: readonly string[],
  histograms: ReadonlyMap<string, Histogram>,
): QuantizationEntry {
  const ranges = names.map((name) => {
    const { scale, bits, offset = 0, told } = fixed.quantized.get(name)!
    const [low, high] = rangeOf(bits)
    const held = { scale, low, high, offset, told }
    return { ...held, error: quantizationError(histograms.get(name)!, held) }
  })
  // A zero point that is folded in may have brought operators that the plan of the run does not have.
  const byName = new Map(summaries.map((summary) => [summary.name, summary]))
  const errors = new Map(comparison.tensors.map((entry) => [entry.tensor, entry]))
  return {
    mode,
    iteration,
    directory,
    scales: ranges.map(({ scale }) => scale),
    lows: ranges.map(({ low }) => low),
    highs: ranges.map(({ high }) => high),
    offsets: ranges.map(({ offset }) => offset),
    clipping: ranges.map(({ error }) => rounded(error.clipping)),
    rounding: ranges.map(({ error }) => rounded(error.rounding)),
    parameters: plan.operators.map(({ name }) => parametersOf(byName.get(name))),
    drift: drift === undefined ? null : driftEntry(drift, plan, names),
    compared: comparison.samples,
    accumulated: columns(names.map((name) => errors.get(name)?.accumulated)),
    own: columns(names.map((name) => errors.get(name)?.own)),
    noise: noise === undefined ? null : noiseEntry(noise, plan, names),
  }
}

function noiseEntry({ samples, shares }: NoiseFacts, { operators }: Plan, names: readonly string[]): NoiseEntry {
  const of = (kind: 'tensors' | 'weights') =>
    new Map(shares.filter(({ source }) => source.kind === kind).map(({ source, noise }) => [source.name, noise]))
  const column = (found: ReadonlyMap<string, number>, keys: readonly string[]) =>
    keys.map((key) => {
      const noise = found.get(key)
      return noise === undefined ? null : rounded(noise)
    })
  const ofOperators = operators.map(({ name }) => name)
  return { samples, tensors: column(of('tensors'), names), weights: column(of('weights'), ofOperators) }
}

function driftEntry(
  { samples, changes }: NonNullable<QuantizationFacts['drift']>,
  plan: Plan,
  names: readonly string[],
) {
  const changeOf = (name: string) => changes.get(plan.groupOf.get(name)!.name)
  return { samples, changes: names.map((name) => (changeOf(name) === undefined ? null : rounded(changeOf(name)!))) }
}

function parametersOf(summary: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { name, kind, nodes, inputs, outputs, reason, ...parameters } = summary
  return parameters
}

function columns(measures: readonly (Measures | undefined)[]): ErrorColumns {
  const column = (name: keyof Measures) =>
    measures.map((entry) => {
      const value = entry?.[name]
      return value === undefined ? null : rounded(value)
    })
  return {
    mre: column('mre'),
    cosine: column('cosine'),
    rmse: column('rmse'),
    sqnr: column('sqnr'),
    maxDiff: column('maxDiff'),
    maxDiffRelative: column('maxDiffRelative'),
    meanError: column('meanError'),
    above: column('above'),
    below: column('below'),
    clippedLow: column('clippedLow'),
    clippedHigh: column('clippedHigh'),
    atLow: column('atLow'),
    atHigh: column('atHigh'),
    codesUsed: column('codesUsed'),
  }
}
