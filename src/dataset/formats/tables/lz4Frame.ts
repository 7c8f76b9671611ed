// LZ4 frames, the compression that Arrow files have by default. Blocks may refer to what earlier blocks gave, so all decode into one array.
// Source: lz4_Frame_format.md 1.6.4, lz4_Block_format.md.

const MAGIC = 0x184d2204
/** A byte of a block stands for no more than this many: each byte that extends a length adds 255. */
const MOST_PACKED = 256

/** @throws RangeError when the bytes are no LZ4 frame */
export function decodeLz4Frame(input: Uint8Array): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength)
  if (input.length < 7 || view.getUint32(0, true) !== MAGIC) throw new RangeError('not an LZ4 frame')
  const flags = input[4]!
  const has = (bit: number) => (flags & bit) !== 0
  const declared = has(0x08) ? Number(view.getBigUint64(6, true)) : input.length * 4
  if (declared > input.length * MOST_PACKED) throw new RangeError(`LZ4 frame says that it holds ${declared} bytes`)
  let out = new Uint8Array(declared)
  let size = 0
  // Frame header: magic, flags, block size code, content size and dictionary id where there are such, header checksum.
  let at = 4 + 2 + (has(0x08) ? 8 : 0) + (has(0x01) ? 4 : 0) + 1
  const reserve = (count: number) => {
    if (size + count <= out.length) return
    const grown = new Uint8Array(Math.max(out.length * 2, size + count))
    grown.set(out.subarray(0, size))
    out = grown
  }
  for (let head = view.getUint32(at, true); head !== 0; head = view.getUint32(at, true)) {
    at += 4
    const length = head & 0x7fffffff
    const block = input.subarray(at, at + length)
    if (block.length < length) throw new RangeError('LZ4 frame is cut short')
    if (head >>> 31 === 1) {
      reserve(length)
      out.set(block, size)
      size += length
    } else decodeBlock(block)
    at += length + (has(0x10) ? 4 : 0)
  }
  return out.subarray(0, size)

  /** Sequences of: token, literals, distance to a match in what has been decoded, its length. */
  function decodeBlock(block: Uint8Array): void {
    let i = 0
    const extended = (start: number) => {
      let length = start
      if (start !== 15) return length
      for (let byte = 255; byte === 255; ) {
        if (i >= block.length) throw new RangeError('LZ4 block is cut short')
        byte = block[i++]!
        length += byte
      }
      return length
    }
    while (i < block.length) {
      const token = block[i++]!
      const literals = extended(token >> 4)
      if (i + literals > block.length) throw new RangeError('LZ4 block is cut short')
      reserve(literals)
      out.set(block.subarray(i, i + literals), size)
      size += literals
      i += literals
      if (i >= block.length) return
      if (i + 2 > block.length) throw new RangeError('LZ4 block is cut short')
      const distance = block[i]! | (block[i + 1]! << 8)
      i += 2
      const match = extended(token & 15) + 4
      if (distance === 0 || distance > size) throw new RangeError('LZ4 block refers to what is not there')
      reserve(match)
      if (distance >= match) out.copyWithin(size, size - distance, size - distance + match)
      // A match may overlap what it makes: then it repeats itself, byte by byte.
      else for (let k = 0; k < match; k++) out[size + k] = out[size + k - distance]!
      size += match
    }
  }
}
