// Small models run several samples at once: a forward pass has a cost of its own, beside which little is left of theirs. Results must not
// depend on which samples meet in one pass, so a model is tried first: the rows that a sample gives may not change, in any bit, with its
// place or its neighbours.

import { stackSamples } from '../../dataset/batch.js'
import type { ModelFile } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { subgraphs } from '../../onnx/attribute.js'
import { createSession, type Session } from '../../onnx/session.js'
import { elementCount } from '../../onnx/tensor.js'
import type { ModelProto, TensorData, TensorValue } from '../../onnx/types.js'
import type { Feeds } from '../runner.js'

/** Samples of one pass: beyond this many there is nothing left to gain, and below this many next to nothing. */
const MOST_STACKED = 32
const FEWEST_STACKED = 8
/** Observed values of one pass: more do not stay in a cache from where they are written to where they are counted. */
const MOST_VALUES = 2 ** 24
/** What rounding may change between one row and several, of the largest magnitude: matrix products sum in another order. */
const TOLERANCE = 1e-4

/**
 * How many samples like `feeds` a forward pass of the model may take, stacked along the first axis. `names` are all outputs that matter, `dims`
 * those of the observed tensors.
 */
export async function samplesToStack(
  proto: ModelProto,
  file: ModelFile,
  feeds: Feeds,
  names: readonly string[],
  dims: readonly (readonly number[])[],
): Promise<number> {
  const values = dims.reduce((sum, one) => sum + elementCount(one), 0)
  const count = Math.min(MOST_STACKED, 2 ** Math.floor(Math.log2(MOST_VALUES / Math.max(1, values))))
  const open = file.inputs.every(({ name, dims }) => {
    const { type, dims: fed } = feeds[name]!
    return typeof dims[0] === 'string' && fed[0] === 1 && type === 'float32'
  })
  if (!open || count < FEWEST_STACKED || proto.graph.node.some(isUnsure)) return 1
  const session = await createSession(file.path, file)
  try {
    return (await rowsAreIndependent(session, feeds, names, count)) ? count : 1
  } finally {
    await session.release()
  }
}

/** Nodes whose doing a few runs do not show: they branch, or draw random numbers. */
function isUnsure(node: ModelProto['graph']['node'][number]): boolean {
  return subgraphs(node).length > 0 || /^(Random|Bernoulli|Multinomial)/.test(node.opType)
}

async function rowsAreIndependent(session: Session, feeds: Feeds, names: readonly string[], count: number) {
  const variant = (i: number) => scaled(feeds, 1 - (i * 0.75) / count)
  const some = Array.from({ length: count }, (_, i) => variant(i))
  const first = stackSamples(some)
  // The same but for the last, each one place further on, and one that is larger than all of them.
  const second = stackSamples([variant(-1), ...some.slice(0, -1)])
  try {
    const alone = await session.run(feeds, names)
    for (const group of groupsOf(names, (name) => alone[name]!.data.length * count)) {
      const one = await session.run(first, group)
      const other = await session.run(second, group)
      if (!group.every((name) => hasSameRows(alone[name]!, one[name]!, other[name]!, count))) return false
    }
    return true
  } catch (error) {
    // A model that cannot take so many.
    if (error instanceof SquireError) return false
    throw error
  }
}

/** Values that are compared at once: what is compared is held twice. */
const MOST_COMPARED = 2 ** 22

/** Runs of names, of at most MOST_COMPARED values each or of one name. */
function groupsOf(names: readonly string[], sizeOf: (name: string) => number): string[][] {
  const groups: string[][] = []
  let room = 0
  for (const name of names) {
    const size = sizeOf(name)
    if (groups.length === 0 || size > room) {
      groups.push([])
      room = MOST_COMPARED
    }
    groups.at(-1)!.push(name)
    room -= size
  }
  return groups
}

function hasSameRows(alone: TensorValue, first: TensorValue, second: TensorValue, count: number): boolean {
  const [rows, ...rest] = alone.dims
  const expected = String([(rows ?? 0) * count, ...rest])
  if (rows === undefined || String(first.dims) !== expected || String(second.dims) !== expected) return false
  const size = alone.data.length
  const same = bytesOf(first, 0, size * (count - 1)).equals(bytesOf(second, size, size * count))
  return same && isClose(alone.data, first.data.subarray(0, size))
}

function isClose(a: TensorData, b: TensorData): boolean {
  let most = 0
  for (const x of a) most = Math.max(most, Math.abs(Number(x)))
  for (let i = 0; i < a.length; i++) if (!(Math.abs(Number(a[i]) - Number(b[i])) <= TOLERANCE * most)) return false
  return true
}

function bytesOf({ data }: TensorValue, from: number, to: number): Buffer {
  const part = data.subarray(from, to)
  return Buffer.from(part.buffer, part.byteOffset, part.byteLength)
}

function scaled(feeds: Feeds, factor: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => [
      name,
      { ...value, data: (value.data as Float32Array).map((x) => x * factor) },
    ]),
  )
}
