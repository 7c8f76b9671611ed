// Claim: the chip's table of 256 entries, as squire exports it (GatherElements over flat indices), is looked up faster than with Gather or
// with GatherND. Models are chains of tables, so that starting and ending a run weighs little. All ways give the same values.

import { cast, integers } from '../src/emit/arithmetic.js'
import { type Emitter, GraphBuilder } from '../src/emit/builder.js'
import { encodeModel } from '../src/onnx/model.js'
import { makeGraph, makeModel, makeValueInfo } from '../src/onnx/node.js'
import { createSession, type Session } from '../src/onnx/runtime/session.js'
import { DataType, type TensorValue } from '../src/onnx/types.js'
import { emitLut } from '../src/operators/lut/emit.js'
import type { FixedLut } from '../src/operators/lut/solve.js'
import { median } from './median.js'
import type { BenchOptions, Section } from './types.js'

export const title = 'A table of 256 entries in ONNX Runtime, one thread, ns a value'

const CHAIN_LENGTH = 16

/** A late feature map of a classifier, and an early one. */
const sizes: readonly (readonly number[])[] = [
  [1, 96, 14, 14],
  [1, 64, 112, 112],
]

/** A permutation, so that every entry stays in use along the chain. */
const permutation: FixedLut = {
  kind: 'lut',
  name: 'permutation',
  nodes: [],
  inputs: ['x'],
  outputs: ['y'],
  table: Int16Array.from({ length: 256 }, (_, i) => ((i * 37 + 11) % 256) - 128),
  spacing: undefined,
  fractionBits: 0,
  zero: 0,
  label: 'permutation',
}

const ways: Readonly<Record<string, (e: Emitter, input: string) => string>> = {
  GatherElements: (e, input) => emitLut(e, permutation, { integers: () => integers(input, 8) })[0]!,
  Gather: (e, input) => e.emit('Gather', [entries(e), cast(e, input, DataType.INT32)]),
  GatherND: (e, input) => {
    const last = e.initializer('last', DataType.INT64, [1], BigInt64Array.of(-1n))
    return e.emit('GatherND', [entries(e), e.emit('Unsqueeze', [cast(e, input, DataType.INT64), last])])
  },
}

/** Entry q at place q, where negative places count from the end. */
function entries(e: Emitter): string {
  const values = Float32Array.from({ length: 256 }, (_, i) => permutation.table[(i + 128) % 256]!)
  return e.initializer('table', DataType.FLOAT, [256], values)
}

export interface LookupBenchResult {
  readonly dims: readonly number[]
  /** Way -> nanoseconds a value and lookup: medians over the rounds. */
  readonly nanoseconds: Readonly<Record<string, number>>
  /** Way -> the median of the rounds' ratios to GatherElements. */
  readonly ratios: Readonly<Record<string, number>>
}

export async function run({ rounds }: Pick<BenchOptions, 'rounds'>): Promise<readonly LookupBenchResult[]> {
  const results: LookupBenchResult[] = []
  for (const dims of sizes) results.push(await measure(dims, rounds))
  return results
}

export function rows(results: readonly LookupBenchResult[]): Section['rows'] {
  return results.map(({ dims, nanoseconds, ratios }) => ({
    tensor: dims.join('x'),
    ...Object.fromEntries(Object.entries(nanoseconds).map(([way, ns]) => [way, ns.toFixed(2)])),
    'Gather / GatherElements': ratios.Gather!.toFixed(1),
    'GatherND / GatherElements': ratios.GatherND!.toFixed(1),
  }))
}

async function measure(dims: readonly number[], rounds: number): Promise<LookupBenchResult> {
  const count = dims.reduce((product, dim) => product * dim, 1)
  const data = Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 256) - 128)
  const feeds = { x: { type: 'float32', dims, data } satisfies TensorValue }
  const names = Object.keys(ways)
  const sessions = await Promise.all(names.map((way) => createSession(encodeModel(chainOf(way, dims)))))
  // Small tensors run several times a round: a timer sees microseconds well, not single ones.
  const repeats = Math.ceil(1_000_000 / count)
  const times: number[][] = []
  await requireSame(sessions, feeds)
  for (let round = 0; round < rounds; round++) {
    const row: number[] = []
    for (const session of sessions) {
      const start = performance.now()
      for (let i = 0; i < repeats; i++) await session.run(feeds)
      row.push(((performance.now() - start) * 1e6) / (repeats * count * CHAIN_LENGTH))
    }
    times.push(row)
  }
  for (const session of sessions) await session.release()
  const byWay = (value: (row: readonly number[], i: number) => number) =>
    Object.fromEntries(names.map((way, i) => [way, median(times.map((row) => value(row, i)))]))
  return { dims, nanoseconds: byWay((row, i) => row[i]!), ratios: byWay((row, i) => row[i]! / row[0]!) }
}

function chainOf(way: string, dims: readonly number[]) {
  let count = 0
  const builder = new GraphBuilder((wish) => `${wish}_${count++}`)
  let name = 'x'
  for (let i = 0; i < CHAIN_LENGTH; i++) name = ways[way]!(builder.operator(`table${i}`), name)
  const graph = makeGraph({
    nodes: builder.nodes,
    initializers: builder.initializers,
    inputs: [makeValueInfo('x', DataType.FLOAT, dims)],
    outputs: [makeValueInfo(name, DataType.FLOAT, dims)],
  })
  return makeModel(graph, 13)
}

/** A way that is fast and wrong is no way. The first runs, which are slower, are not counted. */
async function requireSame(sessions: readonly Session[], feeds: Readonly<Record<string, TensorValue>>): Promise<void> {
  const outputs = await Promise.all(
    sessions.map(async (session) => {
      const [value] = Object.values(await session.run(feeds))
      return Buffer.from((value!.data as Float32Array).buffer)
    }),
  )
  if (outputs.some((output) => !output.equals(outputs[0]!))) throw new Error('the ways to look up a table differ')
}
