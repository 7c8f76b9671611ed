// Outputs in the order of onnx/runtime/layout.ts. Statistics do not care about order, and reordering costs as much as counting. So the runtime's optimized
// model is taken and its reorderings at outputs are left out. A run with both, on real inputs, tells the size of the blocks; where the values
// differ in any bit, or the machine has no such layout, the model stays as it was.

import { readFile, writeFile } from 'node:fs/promises'
import { intAttribute, subgraphs } from '../../onnx/attribute.js'
import { decodeModel, encodeModel } from '../../onnx/file/codec.js'
import { capturedNames, indexGraph, nameSource } from '../../onnx/graph.js'
import { type BlockedLayout, blockedDims, unblocked } from '../../onnx/runtime/layout.js'
import { createSession } from '../../onnx/runtime/session.js'
import { smallest } from '../../onnx/smallest.js'
import { elementCount } from '../../onnx/tensor.js'
import type { ModelProto, NodeProto, TensorValue } from '../../onnx/types.js'

type Values = Readonly<Record<string, TensorValue>>

/**
 * Writes to `target` what the runtime's optimizer makes of the model in `file`, with those of `outputs` (names and dims) left in blocked order
 * that are reordered for nobody else. Returns their layouts; undefined where there are none, or where they are not what they should be: then
 * `target` is of no use. It fits the runtime and the processor that made it, and is opened as it is (SessionOptions.optimized).
 */
export async function leaveBlocked(
  file: string,
  outputs: ReadonlyMap<string, readonly number[]>,
  feeds: Values,
  target: string,
): Promise<Map<string, BlockedLayout> | undefined> {
  await (await createSession(file, { saveTo: target })).release()
  const { proto, reorders } = withoutReorders(decodeModel(await readFile(target)), outputs)
  if (reorders.size === 0) return undefined
  const compared = smallest(reorders, ([name]) => elementCount(outputs.get(name)!), MOST_COMPARED)
  const block = await blockSize(proto, compared, feeds)
  if (block === undefined) return undefined
  await writeFile(target, encodeModel(proto))
  return new Map([...reorders].map(([name, node]) => [name, { channels: channelsOf(node), block }]))
}

/** Channels in a block: one size for all of a processor's convolutions. */
const BLOCKS = [16, 8, 4, 32]
/** Values to compare: all reorderings are alike. */
const MOST_COMPARED = 2 ** 21

/** Runs the model with both orders of these outputs, and tells the size of blocks at which they are the same. */
async function blockSize({ graph, ...proto }: ModelProto, reorders: readonly [string, NodeProto][], feeds: Values) {
  const unique = nameSource(graph)
  const pairs = reorders.map(([name, node]) => ({ name, rows: unique(`${name}_rows`), node }))
  const node = [...graph.node, ...pairs.map(({ name, rows, node }) => ({ ...node, input: [name], output: [rows] }))]
  const output = [...graph.output, ...pairs.map(({ rows }) => ({ name: rows }))]
  const session = await createSession(encodeModel({ ...proto, graph: { ...graph, node, output } }), { optimized: true })
  try {
    const values = await session.run(
      feeds,
      pairs.flatMap(({ name, rows }) => [name, rows]),
    )
    return BLOCKS.find((size) => pairs.every(({ name, rows }) => isBlocked(values[name]!, values[rows]!, size)))
  } finally {
    await session.release()
  }
}

function channelsOf(reorder: NodeProto): number {
  return intAttribute(reorder, 'channels', 0)
}

/** The model with the reorderings in front of `outputs` taken out, what went in named as the output; and these nodes, by output. */
function withoutReorders({ graph, ...proto }: ModelProto, outputs: ReadonlyMap<string, readonly number[]>) {
  const index = indexGraph(graph)
  const captured = new Set(graph.node.flatMap(subgraphs).flatMap(capturedNames))
  const reorders = new Map<string, NodeProto>()
  const names = new Map<string, string>()
  const kept = graph.node.filter((node) => {
    const [from, to] = [node.input[0]!, node.output[0]!]
    const onlyForOutput = node.opType === 'ReorderOutput' && outputs.has(to) && index.consumers(to).length === 0
    const movable = !names.has(from) && !captured.has(from) && !index.isGraphOutput(from)
    const inRows = intAttribute(node, 'channels_last', 0) === 0 && outputs.get(to)?.[1] === channelsOf(node)
    if (!onlyForOutput || !movable || !inRows) return true
    reorders.set(to, node)
    names.set(from, to)
    return false
  })
  const renamed = (name: string) => names.get(name) ?? name
  const node = kept.map((item) => ({ ...item, input: item.input.map(renamed), output: item.output.map(renamed) }))
  // A blocked tensor has padded channels: dims that the model declares for it would be wrong. The runtime infers all dims anew.
  const output = graph.output.map((info) => (reorders.has(info.name) ? { name: info.name } : info))
  return { proto: { ...proto, graph: { ...graph, node, output, valueInfo: [] } }, reorders }
}

/** Whether `held` is `expected` in blocks of this size. */
function isBlocked(held: TensorValue, expected: TensorValue, block: number): boolean {
  const channels = expected.dims[1]!
  if (String(held.dims) !== String(blockedDims(expected.dims, block))) return false
  const values = unblocked(held.data as Float32Array, held.dims, { channels, block })
  return Buffer.from(values.buffer).equals(bytesOf(expected))
}

function bytesOf({ data }: TensorValue): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}
