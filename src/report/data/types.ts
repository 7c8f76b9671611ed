// What report.json holds besides the results: the network in order, and what each quantization made of it. Lists of a quantization run parallel to
// `tensors` or `operators`; null stands where there is nothing to say. Numbers are rounded to six digits.

/** An operator of the chip, or a group of float nodes in software. */
export interface OperatorEntry {
  readonly name: string
  readonly kind: string
  /** The float nodes it stands for. */
  readonly nodes: readonly string[]
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Why it is in software. */
  readonly reason: string | null
  /** Of constant weights: the largest magnitude of each output channel, in order; of many channels some, evenly picked from the sorted ones. */
  readonly channelRanges: readonly number[] | null
}

/** Counts of a tensor's values over all calibration samples: bin i holds [start + i * step, start + (i + 1) * step). */
export interface HistogramEntry {
  readonly start: number
  readonly step: number
  readonly counts: readonly number[]
}

/** A tensor that is held as integers. */
export interface TensorEntry {
  readonly name: string
  readonly dims: readonly number[]
  readonly bits: number
  /** The first of the tensors that it shares its scale with: itself, if it shares it with none or is the first. */
  readonly scaleOf: string
  /** Whether its statistics were counted; else they follow from those of other tensors. */
  readonly observed: boolean
  readonly min: number
  readonly max: number
  /** Share of exact zeros. */
  readonly zeros: number
  readonly histogram: HistogramEntry
}

/** Parallel to `tensors`. What each means is said in src/difference/measures.ts. */
export interface ErrorColumns {
  readonly mre: readonly (number | null)[]
  readonly cosine: readonly (number | null)[]
  readonly rmse: readonly (number | null)[]
  readonly sqnr: readonly (number | null)[]
  readonly maxDiff: readonly (number | null)[]
  readonly maxDiffRelative: readonly (number | null)[]
  readonly meanError: readonly (number | null)[]
  readonly above: readonly (number | null)[]
  readonly below: readonly (number | null)[]
  readonly clippedLow: readonly (number | null)[]
  readonly clippedHigh: readonly (number | null)[]
  readonly atLow: readonly (number | null)[]
  readonly atHigh: readonly (number | null)[]
  readonly codesUsed: readonly (number | null)[]
}

export interface DriftEntry {
  /** Samples in the first half. */
  readonly samples: number
  /** Parallel to `tensors`: 0.2 where all samples give a threshold that is larger by a fifth than the half's; null for one that is zero there. */
  readonly changes: readonly (number | null)[]
}

/** Noise to signal at the outputs, the mean over them, with one thing alone quantized. */
export interface NoiseEntry {
  /** Samples that it was measured on. */
  readonly samples: number
  /** Parallel to `tensors`: of the tensors that share a scale, at the first of them. */
  readonly tensors: readonly (number | null)[]
  /** Parallel to `operators`. */
  readonly weights: readonly (number | null)[]
}

export interface QuantizationEntry {
  readonly mode: string
  readonly iteration: number
  readonly directory: string
  /** Parallel to `tensors`: real value = integer * scale + offset; the range that the integers reach; and the root of the mean squared error, in the
   * tensor's units, that clipping to that range and rounding within it cost by the histogram. */
  readonly scales: readonly number[]
  readonly lows: readonly number[]
  readonly highs: readonly number[]
  readonly offsets: readonly number[]
  readonly clipping: readonly number[]
  readonly rounding: readonly number[]
  /** Parallel to `operators`: shifts, multipliers and bounds, as in *_scale.json. */
  readonly parameters: readonly Readonly<Record<string, unknown>>[]
  /** How far the thresholds are from those of the first half of the samples alone; null where nothing tells. */
  readonly drift: DriftEntry | null
  /** Samples that the errors were measured on. */
  readonly compared: number
  readonly accumulated: ErrorColumns
  readonly own: ErrorColumns
  /** null where it was not asked for. */
  readonly noise: NoiseEntry | null
}

export interface Layers {
  readonly operators: readonly OperatorEntry[]
  readonly tensors: readonly TensorEntry[]
  /** The shifts that the chip allows. */
  readonly qRange: readonly [number, number]
  /** Those that could be made, in the order of the results. */
  readonly quantizations: readonly QuantizationEntry[]
}
