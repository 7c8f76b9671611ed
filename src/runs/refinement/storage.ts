// What a refinement found, as a file beside the distribution cache (-cd): the next run of the same model, data and quantization gathers nothing.
//
// A sealed Arrow file of one row for each operator that was refined:
//
//     operator  utf8    its name; of a step, that of the operator with steps before it
//     bias      binary  float32, one an output channel
//     scales    binary  float64, one an output channel; empty where the integers are the nearest ones
//     integers  binary  int8 or int16, one output channel after the other; empty likewise
//
// The schema's metadata are the key of what it belongs to, and the record of its steps.

import { Binary, Field, makeData, RecordBatch, Schema, Struct, Utf8, type Vector, vectorFromArray } from 'apache-arrow'
import { complaintOf, SquireError } from '../../errors.js'
import { decodeSealed, encodeSealed } from '../../histogram/sealedFile.js'
import type { Refined } from '../../operators/accumulation/types.js'
import type { Plan } from '../../plan/types.js'
import type { RefinementRecord } from '../../report/types.js'
import { type Refinable, refinableOperators, refinedAt, withRefined } from './operators.js'

export interface StoredRefinement {
  readonly plan: Plan
  readonly record: RefinementRecord
}

export function encodeRefinement({ plan, record }: StoredRefinement, key: string): readonly Uint8Array[] {
  const found = refinableOperators(plan).flatMap((operator) => {
    const refined = refinedAt(plan, operator)
    return refined === undefined ? [] : [{ name: operator.name, refined }]
  })
  const binary = (of: (refined: Refined) => Uint8Array) =>
    vectorFromArray(
      found.map(({ refined }) => of(refined)),
      new Binary(),
    )
  const names = vectorFromArray(
    found.map(({ name }) => name),
    new Utf8(),
  )
  const columns: Readonly<Record<string, Vector>> = {
    operator: names,
    bias: binary(({ bias }) => bytesOf(bias)),
    scales: binary(({ rows = [] }) => bytesOf(Float64Array.from(rows, ({ scale }) => scale))),
    integers: binary(({ rows = [] }) => Buffer.concat(rows.map(({ integers }) => bytesOf(integers)))),
  }
  const fields = Object.entries(columns).map(([name, { type }]) => new Field(name, type, false))
  const children = Object.values(columns).map(({ data, type }) => data[0] ?? makeData({ type }))
  const rows = makeData({ type: new Struct(fields), length: found.length, nullCount: 0, children })
  return encodeSealed(
    [new RecordBatch(new Schema(fields), rows)],
    new Map([
      ['key', key],
      ['record', JSON.stringify(record)],
    ]),
  )
}

/**
 * The plan with what was found for it; undefined where the file belongs to something else.
 * @param what the file, for messages
 * @throws SquireError CACHE for bytes that are not a whole file of a refinement
 */
export function decodeRefinement(
  bytes: Uint8Array,
  what: string,
  plan: Plan,
  key: string,
): StoredRefinement | undefined {
  try {
    const { metadata, batches } = decodeSealed(bytes)
    if (metadata.get('key') !== key) return undefined
    const record = JSON.parse(metadata.get('record') ?? '') as RefinementRecord
    const found = new Map(batches.flatMap(rowsOf).map((row) => [row.operator, row]))
    const refined = refinableOperators(plan).flatMap((operator): [Refinable, Refined][] => {
      const { rows, reading } = operator.products
      const row = found.get(operator.name)
      return row === undefined ? [] : [[operator, refinedOf(row, rows.length, reading.depth)]]
    })
    return { plan: withRefined(plan, refined), record }
  } catch (cause) {
    throw new SquireError('CACHE', `${what} cannot be used: ${complaintOf(cause)}. Delete it to refine again.`, {
      cause,
    })
  }
}

interface Row {
  readonly operator: string
  readonly bias: Uint8Array
  readonly scales: Uint8Array
  readonly integers: Uint8Array
}

function rowsOf(batch: RecordBatch): Row[] {
  const column = (name: string) => {
    const vector = batch.getChild(name)
    if (vector === null) throw new Error(`its column "${name}" is missing`)
    return vector
  }
  const [operator, bias, scales, integers] = ['operator', 'bias', 'scales', 'integers'].map(column)
  return Array.from({ length: batch.numRows }, (_, i) => ({
    ...{ operator: String(operator!.get(i)), bias: bias!.get(i), scales: scales!.get(i), integers: integers!.get(i) },
  }))
}

function refinedOf({ operator, bias, scales, integers }: Row, channels: number, depth: number): Refined {
  const wide = integers.length === 2 * channels * depth
  const whole =
    scales.length === 0 || (scales.length === 8 * channels && (wide || integers.length === channels * depth))
  if (bias.length !== 4 * channels || !whole) throw new Error(`operator "${operator}" has other dims in it`)
  const found = { bias: new Float32Array(ownBuffer(bias)) }
  if (scales.length === 0) return found
  const scaleOf = new Float64Array(ownBuffer(scales))
  const all = wide ? new Int16Array(ownBuffer(integers)) : new Int8Array(ownBuffer(integers))
  const rows = Array.from(scaleOf, (scale, c) => ({ scale, integers: all.slice(c * depth, (c + 1) * depth) }))
  return { ...found, rows }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** A copy that starts at a multiple of any element's size. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}
