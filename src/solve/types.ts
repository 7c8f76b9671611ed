// What passes between the threshold solvers: plain data, safe to send to a worker.

/** What a solver is told besides the tensor. */
export interface SolveOptions {
  /** Fraction of the values a percentile threshold keeps, 0 < percent <= 1; the other modes do not read it. */
  readonly percent: number
  /** Positive integers of the quantized type, T / qmax = scale: 127 at 8 bits, 32767 at 16. */
  readonly qmax: number
}

/**
 * One tensor's |x|, in units of its histogram's bin width. Nothing here depends on the exponent, so every solver is exactly
 * invariant to scaling by a power of two.
 */
export interface Magnitudes {
  /** How many values have j <= |x| < j + 1; the last bin is the one that holds `absmax`. */
  readonly counts: Float64Array
  /** The negative values among them. */
  readonly negative: Float64Array
  /** Exact zeros among counts[0]. */
  readonly zeros: number
  /** All values, zeros included. */
  readonly total: number
  /** The exact max|x|, positive, in bin widths: counts.length - 1 <= absmax < counts.length. */
  readonly absmax: number
}

/** A clipping threshold in bin widths, 0 < T <= absmax. Pure. */
export type Solver = (tensor: Magnitudes, options: SolveOptions) => number
