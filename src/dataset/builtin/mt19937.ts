// numpy's legacy generator (numpy.random.RandomState): MT19937 with 53-bit doubles, the polar normal and masked integers.
// The same calls after the same seed give numpy's numbers.
// Sources: Matsumoto and Nishimura, "Mersenne Twister" (1998), mt19937ar.c; numpy/random/src/legacy/legacy-distributions.c,
// numpy/random/src/distributions/distributions.c (random_bounded_*_fill with use_masked = 1).

const N = 624
const M = 397

/** Integer types `randint` draws for: how many values one 32-bit word is cut into depends on the width. */
export type IntegerType = 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'bool'

const wordBits: Record<IntegerType, number> = {
  bool: 1,
  int8: 8,
  uint8: 8,
  int16: 16,
  uint16: 16,
  int32: 32,
  uint32: 32,
  int64: 64,
  uint64: 64,
}

export class Mt19937 {
  readonly #state = new Uint32Array(N)
  #position = N
  /** The polar method makes normals in pairs: the second waits here. */
  #nextNormal: number | undefined

  /** @param seed an integer in [0, 2^32), as numpy.random.seed takes it (init_genrand) */
  constructor(seed: number) {
    const state = this.#state
    state[0] = seed
    for (let i = 1; i < N; i++) {
      const previous = state[i - 1]!
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i
    }
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    if (this.#position === N) this.#twist()
    let y = this.#state[this.#position++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** Uniform in [0, 1), 53 bits: numpy.random.random_sample. */
  randomSample(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** Standard normal: numpy.random.randn (legacy_gauss). */
  randn(): number {
    const waiting = this.#nextNormal
    if (waiting !== undefined) {
      this.#nextNormal = undefined
      return waiting
    }
    for (;;) {
      const x = 2 * this.randomSample() - 1
      const y = 2 * this.randomSample() - 1
      const squared = x * x + y * y
      if (squared >= 1 || squared === 0) continue
      const factor = Math.sqrt((-2 * Math.log(squared)) / squared)
      this.#nextNormal = factor * x
      return factor * y
    }
  }

  /**
   * `count` integers of [low, high): numpy.random.randint(low, high, count, dtype). high - low is at most 2^32.
   * Draws under the smallest mask of ones that covers the range, again while the draw is out of it.
   */
  randint(low: number, high: number, count: number, type: IntegerType): number[] {
    const range = high - low - 1
    if (range === 0) return new Array<number>(count).fill(low)
    const bits = Math.min(wordBits[type], 32)
    const mask = 2 ** (32 - Math.clz32(range)) - 1
    // One word serves several narrow integers, lowest bits first; what is left of it is dropped at the end of the call.
    let word = 0
    let left = 0
    const draw = () => {
      if (left === 0) {
        word = this.uint32()
        left = 32 / bits
      } else word >>>= bits
      left--
      return (word & mask) >>> 0
    }
    return Array.from({ length: count }, () => {
      let value = draw()
      while (value > range) value = draw()
      return low + value
    })
  }

  #twist(): void {
    const state = this.#state
    for (let i = 0; i < N; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff)
      state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#position = 0
  }
}
