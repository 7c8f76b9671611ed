// Damages bytes as disks, networks and attackers do. Same seed, same damage.

import { Mt19937 } from '../../src/dataset/builtin/mt19937.js'

export class Random {
  readonly #generator: Mt19937

  constructor(seed: number) {
    this.#generator = new Mt19937(seed)
  }

  below(bound: number): number {
    return Math.floor(this.#generator.randomSample() * bound)
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }
}

/** Numbers at which parsers go wrong: ends of ranges, one beyond, and sizes that no memory has. */
const numbers = [
  0,
  1,
  2,
  7,
  127,
  128,
  255,
  256,
  32767,
  65535,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 40,
  2 ** 53,
]

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer

const changes: readonly Change[] = [
  // A bit, a byte.
  (bytes, random) => set(bytes, random.below(bytes.length), (value) => value ^ (1 << random.below(8))),
  (bytes, random) => set(bytes, random.below(bytes.length), () => random.below(256)),
  // A number, in two, four or eight bytes.
  (bytes, random) => {
    const width = random.oneOf([1, 2, 4, 8])
    if (bytes.length < width) return bytes
    const value = BigInt.asUintN(8 * width, BigInt(random.oneOf(numbers)) * random.oneOf([1n, -1n]))
    const at = random.below(bytes.length - width + 1)
    const changed = Buffer.from(bytes)
    for (let i = 0; i < width; i++) changed[at + i] = Number((value >> BigInt(8 * i)) & 255n)
    return changed
  },
  // Cut off, cut out, doubled, moved in from elsewhere.
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
  },
  (bytes, random, other) => {
    const [from, to] = range(other, random)
    const at = random.below(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at)])
  },
  // Digits of a text.
  (bytes, random) => {
    const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39)
    if (digits.length === 0) return bytes
    const at = random.oneOf(digits)
    const text = String(random.oneOf(numbers) * random.oneOf([1, -1, 1e300]))
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at + 1)])
  },
]

/** One to four changes. `other` is what pieces are moved in from. */
export function mutated(bytes: Buffer, other: Buffer, random: Random): Buffer {
  let result = bytes
  for (let left = 1 + random.below(4); left > 0 && result.length > 0; left--) {
    result = random.oneOf(changes)(result, random, other)
  }
  return result
}

function set(bytes: Buffer, at: number, change: (value: number) => number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = change(changed[at]!)
  return changed
}

/** A piece of up to 64 bytes. */
function range(bytes: Buffer, random: Random): [from: number, to: number] {
  const from = random.below(bytes.length)
  return [from, Math.min(bytes.length, from + 1 + random.below(64))]
}
