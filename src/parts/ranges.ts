// Runs of chunk numbers, for files and for people.

import { chunkStart } from '../engine/fold/chunks.js'
import type { PartSegment } from '../engine/fold/part.js'

/** Numbers from `from` up to `to`, which is not among them. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Ascending numbers as runs without gaps. */
export function rangesOf(numbers: Iterable<number>): Range[] {
  const ranges: { from: number; to: number }[] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last?.to === number) last.to++
    else ranges.push({ from: number, to: number + 1 })
  }
  return ranges
}

export function numbersOf(ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))
}

/** "samples 0 to 63 and 128 to 191 of the calibration", for chunks of a segment. */
export function samplesNamed(segment: PartSegment, chunks: readonly number[]): string {
  const start = (number: number) => chunkStart(segment, segment.chunks, segment.batch, number)
  const runs = rangesOf(chunks).map(({ from, to }) => `${start(from)} to ${start(to) - 1}`)
  const shown = runs.length > 4 ? [...runs.slice(0, 3), `${runs.length - 3} more runs`] : runs
  const fold = segment.fold === 'calibration' ? 'the calibration' : `the evaluation of ${segment.fold}`
  return `samples ${shown.join(', ').replace(/, (?=[^,]*$)/, ' and ')} of ${fold}`
}
