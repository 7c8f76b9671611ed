// Outputs in the order of layout.ts. Statistics do not care about order, and reordering costs as much as counting. So the runtime's optimized
// model is taken, its reorderings at outputs are left out, and what remains is checked on real inputs, byte by byte: where it differs, or
// the machine has no such layout, the model stays as it was.

import { readFile, writeFile } from 'node:fs/promises'
import { intAttribute, subgraphs } from './attribute.js'
import { decodeModel, encodeModel } from './codec.js'
import { capturedNames, indexGraph } from './graph.js'
import { type BlockedLayout, blockedDims, unblocked } from './layout.js'
import { createSession } from './session.js'
import type { ModelProto, TensorValue } from './types.js'

type Values = Readonly<Record<string, TensorValue>>

/**
 * Writes to `target` what the runtime's optimizer makes of the model in `file`, with those of `outputs` (names) left in blocked order that are
 * reordered for nobody else. Returns their layouts; undefined where there are none, or where a run on `feeds` is not the same in every bit:
 * then `target` is of no use. It fits the runtime and the processor that made it, and is opened as it is (SessionOptions.optimized).
 */
export async function leaveBlocked(
  file: string,
  outputs: readonly string[],
  feeds: Values,
  target: string,
): Promise<Map<string, BlockedLayout> | undefined> {
  const ordered = await createSession(file, { saveTo: target })
  try {
    const { proto, channels } = withoutReorders(decodeModel(await readFile(target)), new Set(outputs))
    if (channels.size === 0) return undefined
    await writeFile(target, encodeModel(proto))
    const blocked = await createSession(target, { optimized: true })
    try {
      const names = [...channels.keys()]
      const [expected, held] = [await ordered.run(feeds, names), await blocked.run(feeds, names)]
      const block = BLOCKS.find((size) => names.every((name) => isBlocked(held[name]!, expected[name]!, size)))
      return block === undefined
        ? undefined
        : new Map(names.map((name) => [name, { channels: channels.get(name)!, block }]))
    } finally {
      await blocked.release()
    }
  } finally {
    await ordered.release()
  }
}

/** Channels in a block: one size for all of a processor's convolutions. */
const BLOCKS = [16, 8, 4, 32]

/** The reorderings in front of `outputs` taken out, and what went in named as the output; with the channels of each. */
function withoutReorders({ graph, ...proto }: ModelProto, outputs: ReadonlySet<string>) {
  const index = indexGraph(graph)
  const captured = new Set(graph.node.flatMap(subgraphs).flatMap(capturedNames))
  const channels = new Map<string, number>()
  const names = new Map<string, string>()
  const kept = graph.node.filter((node) => {
    const [from, to] = [node.input[0]!, node.output[0]!]
    const onlyForOutput = node.opType === 'ReorderOutput' && outputs.has(to) && index.consumers(to).length === 0
    const movable = !names.has(from) && !captured.has(from) && !index.isGraphOutput(from)
    if (!onlyForOutput || !movable || intAttribute(node, 'channels_last', 0) !== 0) return true
    channels.set(to, intAttribute(node, 'channels', 0))
    names.set(from, to)
    return false
  })
  const renamed = (name: string) => names.get(name) ?? name
  const node = kept.map((item) => ({ ...item, input: item.input.map(renamed), output: item.output.map(renamed) }))
  // With a name only, the runtime infers the dims anew.
  const output = graph.output.map((info) => (channels.has(info.name) ? { name: info.name } : info))
  const valueInfo = graph.valueInfo.filter(({ name }) => !names.has(name))
  return { proto: { ...proto, graph: { ...graph, node, output, valueInfo } }, channels }
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
