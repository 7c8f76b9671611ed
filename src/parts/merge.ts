// Merging parts: associative, in any order and grouping, exact. What has no sum is refused with the names of both.

import { addContents } from '../dataset/identity.js'
import { type FoldPart, inOrder, type PartSegment } from '../engine/fold/part.js'
import { SquireError } from '../errors.js'
import { addBuffer, type StatisticsBuffer } from '../histogram/buffer.js'
import type { Machine, Part } from './part.js'
import { samplesNamed } from './ranges.js'

/** A part and what messages call it. */
export interface NamedPart {
  readonly name: string
  readonly part: Part
}

export interface MergeOptions {
  /** Whether parts of machines that round differently may be put together. */
  readonly allowMixed: boolean
}

/**
 * Both parts together. The statistics of `a` are consumed: they are added to in place.
 * @throws SquireError PART when they belong to different runs, hold the same samples, or come from machines that round differently
 */
export function mergeParts(a: NamedPart, b: NamedPart, { allowMixed }: MergeOptions): Part {
  refuseForeign(a, b)
  if (!allowMixed) refuseMixed(a, b)
  return {
    kind: a.part.kind,
    key: a.part.key,
    contents: addContents(a.part.contents, b.part.contents),
    machines: mergeMachines(a.part.machines, b.part.machines),
    ...mergeFolds(a, b),
  }
}

function mergeFolds(a: NamedPart, b: NamedPart): FoldPart {
  return {
    segments: a.part.segments.map((segment, i) => mergeSegments(a.name, segment, b.name, b.part.segments[i]!)),
    skipped: inOrder([...a.part.skipped, ...b.part.skipped]),
  }
}

function mergeSegments(nameA: string, a: PartSegment, nameB: string, b: PartSegment): PartSegment {
  const twice = [...b.states.keys()].filter((number) => a.states.has(number))
  if (twice.length > 0) {
    throw new SquireError(
      'PART',
      `${nameA} and ${nameB} both hold ${samplesNamed(a, twice)}: leave one of the two out, or make parts that do not overlap.`,
    )
  }
  return {
    ...a,
    observed: a.observed + b.observed,
    statistics: mergeStatistics(a.statistics, b.statistics),
    states: new Map([...a.states, ...b.states].sort(([x], [y]) => x - y)),
  }
}

/** Adds `b` to `a`. A part that has no chunk of a segment has no statistics of it. */
function mergeStatistics(
  a: StatisticsBuffer | undefined,
  b: StatisticsBuffer | undefined,
): StatisticsBuffer | undefined {
  if (a === undefined || b === undefined) return a ?? b
  addBuffer(a.buffer, b.buffer, a.tensors)
  return a
}

function mergeMachines(a: readonly Machine[], b: readonly Machine[]): Machine[] {
  const all = [...a, ...b].sort((x, y) => order(x.rounding, y.rounding) || order(x.instructions, y.instructions))
  return all.filter(({ rounding }, i) => rounding !== all[i - 1]?.rounding)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function refuseForeign(a: NamedPart, b: NamedPart): void {
  const reasons = foreignTo(a.part, b.part)
  if (reasons.length === 0) return
  throw new SquireError(
    'PART',
    `${a.name} and ${b.name} are not parts of one run: ${reasons.join('; ')}. ` +
      'Make all parts with the same command but for --part.',
  )
}

/** How the runs of two parts differ: nothing, or one clause for each difference. */
function foreignTo(a: Part, b: Part): string[] {
  if (a.kind !== b.kind) return [`one is of the ${a.kind}, the other of the ${b.kind}`]
  const names = [...new Set([...Object.keys(a.key), ...Object.keys(b.key)])]
  const reasons = names
    .filter((name) => a.key[name] !== b.key[name])
    .map((name) => `${name}: ${shown(a.key[name])} and ${shown(b.key[name])}`)
  const grid = ({ segments }: Part) =>
    JSON.stringify(
      segments.map(({ fold, from, to, observe, measure, chunks, batch }) => [
        fold,
        from,
        to,
        observe,
        measure,
        chunks,
        batch,
      ]),
    )
  if (reasons.length > 0) return reasons
  if (grid(a) !== grid(b)) return ['their samples are cut into different chunks']
  const tensors = ({ segments }: Part, i: number) => segments[i]!.statistics?.tensors.join('\n')
  const differ = a.segments.some((_, i) => (tensors(a, i) ?? tensors(b, i)) !== (tensors(b, i) ?? tensors(a, i)))
  return differ ? ['they observe different tensors'] : []
}

function shown(value: string | undefined): string {
  if (value === undefined) return 'nothing'
  return /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 12)}…` : value
}

function refuseMixed(a: NamedPart, b: NamedPart): void {
  const machines = mergeMachines(a.part.machines, b.part.machines)
  if (machines.length <= 1) return
  throw new SquireError(
    'PART',
    `${a.name} and ${b.name} come from processors that round differently: ${a.part.machines.map(named).join(' and ')} made the first, ` +
      `${b.part.machines.map(named).join(' and ')} the second. Repeat one of them on a machine like the other's, ` +
      'or give --allow-mixed: the result then depends on which machine did which part.',
  )
}

function named({ instructions, rounding }: Machine): string {
  return `${instructions} (rounding ${rounding.slice(0, 8)})`
}

/** @throws SquireError PART naming the samples that are missing */
export function requireWhole({ name, part }: NamedPart): void {
  for (const segment of part.segments) {
    const missing = Array.from({ length: segment.chunks }, (_, number) => number).filter(
      (number) => !segment.states.has(number),
    )
    if (missing.length === 0) continue
    throw new SquireError(
      'PART',
      `${name}: ${samplesNamed(segment, missing)} are missing: ${missing.length} of ${segment.chunks} chunks. ` +
        'Make the parts that hold them, or give --partial to merge the rest later.',
    )
  }
}
