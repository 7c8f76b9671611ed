// Chunks: the unit of work, of retry and of checkpoints. The cut depends on the sample counts alone, never on workers, so that
// floating-point sums of a metric, folded chunk by chunk, have one order.

/** A run of consecutive positions in canonical sample order whose statistics and metric are kept apart from the others'. */
export interface Segment {
  readonly from: number
  readonly to: number
  readonly observe: boolean
  readonly measure: boolean
}

export interface Chunk {
  readonly segment: number
  /** Number within its segment. */
  readonly number: number
  readonly from: number
  readonly to: number
}

/**
 * Cuts positions [0, max) at every count that somebody wants a result for: `observed` counts (calibration of the first n samples)
 * and `measured` counts (metric over the first n).
 */
export function segmentsOf(observed: readonly number[], measured: readonly number[]): Segment[] {
  const bounds = [...new Set([...observed, ...measured])].filter((n) => n > 0).sort((a, b) => a - b)
  const lastObserved = Math.max(0, ...observed)
  const lastMeasured = Math.max(0, ...measured)
  return bounds.map((to, i) => {
    const from = i === 0 ? 0 : bounds[i - 1]!
    return { from, to, observe: from < lastObserved, measure: from < lastMeasured }
  })
}

const MOST_SAMPLES_A_CHUNK = 256
/** Where samples are few, that many workers still find work, and none waits long for the last. */
const FEWEST_CHUNKS = 32
/** More chunks than two of these are a multiple of it: 2, 4 or 8 workers, as fast as one another, get as many each. */
const EVEN_CHUNKS = 8

/**
 * Chunks of every segment, each a multiple of `batch`, the samples of a forward pass (but for the last of a segment). They are equally large, give
 * or take a batch, so that workers end together. `minSamples`: with so many samples, handing the chunk over costs next to nothing.
 */
export function chunksOf(segments: readonly Segment[], batch: number, minSamples: number): Chunk[] {
  const wanted = wantedBatches(segments.at(-1)?.to ?? 0, batch, minSamples)
  return segments.flatMap((segment, index) => {
    const batches = Math.ceil((segment.to - segment.from) / batch)
    const count = Math.min(batches, evenly(Math.ceil(batches / wanted)))
    const start = (number: number) => chunkStart(segment, count, batch, number)
    return Array.from({ length: count }, (_, number) => ({
      segment: index,
      number,
      from: start(number),
      to: start(number + 1),
    }))
  })
}

/** Where chunk `number` of a segment's `count` chunks begins; with `number` = `count`, where the last one ends. */
export function chunkStart(
  { from, to }: Pick<Segment, 'from' | 'to'>,
  count: number,
  batch: number,
  number: number,
): number {
  const batches = Math.ceil((to - from) / batch)
  return Math.min(to, from + Math.floor((number * batches) / count) * batch)
}

/** Share number `part` of `of`, from 1: as many shares as machines work on one run. */
export interface Share {
  readonly part: number
  readonly of: number
}

/**
 * The chunks of one share. Every chunk falls to exactly one share, whichever that is: neighbours fall together, and shares differ by at most
 * about one chunk's samples. With more shares than chunks some are empty.
 */
export function chunksOfShare(chunks: readonly Chunk[], { part, of }: Share): Chunk[] {
  const total = chunks.reduce((sum, { from, to }) => sum + to - from, 0)
  let before = 0
  return chunks.filter(({ from, to }) => {
    const share = Math.floor((before * of) / total) + 1
    before += to - from
    return share === part
  })
}

/** Batches that a chunk of a run over so many samples should have. */
function wantedBatches(samples: number, batch: number, minSamples: number): number {
  const wanted = Math.min(MOST_SAMPLES_A_CHUNK, Math.ceil(minSamples), Math.ceil(samples / FEWEST_CHUNKS))
  return Math.max(1, Math.ceil(wanted / batch))
}

function evenly(chunks: number): number {
  return chunks <= 2 * EVEN_CHUNKS ? chunks : Math.round(chunks / EVEN_CHUNKS) * EVEN_CHUNKS
}
