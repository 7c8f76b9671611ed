// Integrals of the tail of a piecewise uniform density: what an mse threshold is made of.
//
//     G(b) = mass above b      H(b) = integral of G from b up = integral over x > b of (x - b)      K(b) = integral of H from b up
//
// The density is uniform inside each bin, and inside the last one up to the exact maximum: there a constant tensor, or the
// bound of a clip, is a point and not a bin. G is linear, H quadratic and K cubic in a bin.

/** Per bin: K, H and G at its lower edge, and its density. */
const FIELDS = 4

export class Tail {
  readonly #table: Float64Array
  readonly #absmax: number

  /** `counts[j]` is the mass in [j, j + 1), that of the last bin in [j, absmax]. */
  constructor(counts: Float64Array, absmax: number) {
    const table = new Float64Array(FIELDS * (counts.length + 1))
    for (let bin = counts.length - 1; bin >= 0; bin--) {
      const at = FIELDS * bin
      const [k, h, g] = [table[at + 4]!, table[at + 5]!, table[at + 6]!]
      const mass = counts[bin]!
      const width = Math.min(absmax - bin, 1)
      // A last bin of no width holds copies of the maximum: nothing is ever evaluated inside it.
      table[at + 3] = width > 0 ? mass / width : 0
      table[at + 2] = g + mass
      table[at + 1] = h + width * (g + mass / 2)
      table[at] = k + width * (h + width * (g / 2 + mass / 6))
    }
    this.#table = table
    this.#absmax = absmax
  }

  /** G(b), b >= 0. */
  mass(b: number): number {
    if (b >= this.#absmax) return 0
    const bin = Math.floor(b)
    const at = FIELDS * bin
    return this.#table[at + 2]! - (b - bin) * this.#table[at + 3]!
  }

  /** H(b), b >= 0. */
  excess(b: number): number {
    if (b >= this.#absmax) return 0
    const bin = Math.floor(b)
    const at = FIELDS * bin
    const t = b - bin
    return this.#table[at + 1]! - t * (this.#table[at + 2]! - 0.5 * t * this.#table[at + 3]!)
  }

  /** 2 K(b), b >= 0: the integral over x > b of (x - b)^2, the squared error of clipping at b. */
  clippingError(b: number): number {
    if (b >= this.#absmax) return 0
    const bin = Math.floor(b)
    const at = FIELDS * bin
    const t = b - bin
    const [k, h, g, density] = [this.#table[at]!, this.#table[at + 1]!, this.#table[at + 2]!, this.#table[at + 3]!]
    return 2 * k - t * (2 * h - t * (g - (t * density) / 3))
  }
}
