// Many strings in little memory: UTF-8 bytes in one shared buffer and where each ends. A million names of 30 letters take 34 MB, in all threads together.
//
//   bytes  | a.jpg | b.jpg | longer.jpg | ...
//   ends           5      10           20

/** UTF-8 bytes, and uint32 ends: plain data for a structured clone. */
export interface NameTable {
  readonly bytes: SharedArrayBuffer
  readonly ends: SharedArrayBuffer
}

/** Strings 0..size-1. */
export interface Names {
  readonly size: number
  at(index: number): string
}

export function openNames(table: NameTable): Names {
  const ends = new Uint32Array(table.ends)
  return {
    size: ends.length,
    at(index) {
      const start = startOf(ends, index)
      return Buffer.from(table.bytes, start, ends[index]! - start).toString()
    },
  }
}

/** Takes strings one at a time and makes the table, as they came or sorted. */
export class NameTableBuilder {
  #bytes = Buffer.allocUnsafe(1 << 16)
  #ends = new Uint32Array(1 << 12)
  #size = 0

  get size(): number {
    return this.#size
  }

  add(name: string): void {
    const start = startOf(this.#ends, this.#size)
    // A UTF-16 code unit takes three bytes at most.
    if (start + name.length * 3 > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, start + name.length * 3))
      this.#bytes.copy(grown, 0, 0, start)
      this.#bytes = grown
    }
    if (this.#size === this.#ends.length) {
      const grown = new Uint32Array(this.#size * 2)
      grown.set(this.#ends)
      this.#ends = grown
    }
    this.#ends[this.#size++] = start + this.#bytes.write(name, start)
  }

  /** The strings' positions in the order of their UTF-16 code units, as `<` has it. */
  sortedOrder(): Uint32Array {
    const bytes = this.#bytes
    const ends = this.#ends
    return identity(this.#size).sort((a, b) =>
      compareBytes(bytes, startOf(ends, a), ends[a]!, startOf(ends, b), ends[b]!),
    )
  }

  /** Whether the strings at these positions are the same. */
  same(a: number, b: number): boolean {
    return (
      compareBytes(this.#bytes, startOf(this.#ends, a), this.#ends[a]!, startOf(this.#ends, b), this.#ends[b]!) === 0
    )
  }

  /** The table, with the strings in the given order; in shared memory. */
  build(order: Uint32Array = identity(this.#size)): NameTable {
    const table = {
      bytes: new SharedArrayBuffer(startOf(this.#ends, this.#size)),
      ends: new SharedArrayBuffer(4 * this.#size),
    }
    const bytes = new Uint8Array(table.bytes)
    const ends = new Uint32Array(table.ends)
    let at = 0
    order.forEach((from, to) => {
      const name = this.#bytes.subarray(startOf(this.#ends, from), this.#ends[from])
      bytes.set(name, at)
      at += name.length
      ends[to] = at
    })
    return table
  }
}

function identity(size: number): Uint32Array {
  return Uint32Array.from({ length: size }, (_, i) => i)
}

function startOf(ends: Uint32Array, index: number): number {
  return index === 0 ? 0 : ends[index - 1]!
}

function compareBytes(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): number {
  const length = Math.min(aEnd - a, bEnd - b)
  for (let i = 0; i < length; i++) {
    const difference = utf16Rank(bytes[a + i]!) - utf16Rank(bytes[b + i]!)
    if (difference !== 0) return difference
  }
  return aEnd - a - (bEnd - b)
}

/** UTF-8 orders like code points. UTF-16 differs in one thing: its surrogates (lead bytes from F0) come before U+E000 (EE, EF). */
function utf16Rank(byte: number): number {
  return byte >= 0xf0 ? byte - 2 : byte >= 0xee ? byte + 16 : byte
}
