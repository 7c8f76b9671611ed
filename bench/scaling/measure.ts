// What a run in parts costs beside its samples, measured here: a part's bytes, writing, reading and merging one, and the listing that every machine makes.

import { numberedId } from '../../src/dataset/opened.js'
import { drawSamples } from '../../src/dataset/select.js'
import { bufferFrom } from '../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { mergeParts } from '../../src/parts/merge.js'
import type { Part } from '../../src/parts/part.js'
import { decodePart, encodePart } from '../../src/parts/partFile.js'
import { median } from '../median.js'

export interface Costs {
  readonly partBytes: number
  readonly encodeSeconds: number
  /** Reading one part, its seal and its numbers, and adding it to what was merged. */
  readonly mergeSeconds: number
  /** Ids of a million samples: drawn, put in order, hashed. */
  readonly listingSecondsAMillion: number
}

/** As many as SqueezeNet has. */
export const TENSORS = 66
const CHUNKS = 4

export async function measure(rounds: number): Promise<Costs> {
  const bytes = Buffer.concat(encodePart(partOf(0)))
  const encode: number[] = []
  const merge: number[] = []
  for (let round = 0; round < rounds; round++) {
    const a = decodePart(bytes, 'a')
    const b = Buffer.concat(encodePart(partOf(1)))
    const start = cpuSeconds()
    mergeParts({ name: 'a', part: a }, { name: 'b', part: decodePart(b, 'b') }, { allowMixed: false })
    merge.push(cpuSeconds() - start)
    const written = cpuSeconds()
    encodePart(a)
    encode.push(cpuSeconds() - written)
  }
  const listingSecondsAMillion = await listing()
  return { partBytes: bytes.length, encodeSeconds: median(encode), mergeSeconds: median(merge), listingSecondsAMillion }
}

/** Part `number` of two. */
function partOf(number: number): Part {
  const values = Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i + number) * (i % 97))
  const histogram = observe(emptyHistogram(), values)
  const histograms = new Map(Array.from({ length: TENSORS }, (_, i) => [`tensor ${i}`, histogram]))
  const statistics = { tensors: [...histograms.keys()], buffer: bufferFrom(histograms) }
  const states = new Map(Array.from({ length: CHUNKS }, (_, i) => [number * CHUNKS + i, { hits: 150 + i, total: 256 }]))
  const segment = {
    fold: 'calibration',
    from: 0,
    to: 2 * CHUNKS * 256,
    observe: true,
    measure: true,
    chunks: 2 * CHUNKS,
    batch: 1,
  }
  return {
    kind: 'calibration',
    key: { model: 'a', data: 'b' },
    contents: 1n,
    machines: [{ rounding: 'r', instructions: 'x64' }],
    skipped: [],
    segments: [{ ...segment, observed: CHUNKS * 256, statistics, states }],
  }
}

/** Of this process: other processes on the machine do not count. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const LISTED = 1_000_000

async function listing(): Promise<number> {
  const start = cpuSeconds()
  const draw = await drawSamples({ size: LISTED, id: numberedId }, { samples: undefined, perClass: undefined, seed: 0 })
  const { createHash } = await import('node:crypto')
  const hash = createHash('sha256')
  for (const index of draw.order([LISTED])) hash.update(`${numberedId(index)}\n`)
  hash.digest()
  return cpuSeconds() - start
}
