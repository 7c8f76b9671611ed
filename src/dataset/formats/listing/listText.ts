// A text file that lists samples, one a line: a path relative to the text file, and optionally a label after it.
//
//   images/a.jpg 17
//   images/b.jpg 3

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { SquireError } from '../../../errors.js'
import type { FileContents } from '../../source.js'
import type { ModelInput } from '../../types.js'
import { MAX_LABEL } from '../label.js'
import { formatOf } from '../registry.js'
import type { Format } from '../types.js'
import { partFor } from './listFolder.js'
import { NameTableBuilder } from './nameTable.js'

/** Some million lines. What is larger is hardly a list, and may be one line that no memory holds. */
const MAX_BYTES = 2 ** 28

/** Empty lines and lines that begin with # are passed over. The paths as written are the samples' ids. */
export async function listText(file: string, inputs: readonly ModelInput[]): Promise<FileContents> {
  const names = new NameTableBuilder()
  let labels = new Int32Array(1024)
  let format: Format | undefined
  let labelled: boolean | undefined
  let number = 0
  const fail = (problem: string): never => {
    throw new SquireError('DATA', `${file}, line ${number}: ${problem}`)
  }
  if ((await stat(file)).size > MAX_BYTES) {
    throw new SquireError('DATA', `${file} is larger than ${MAX_BYTES} bytes: squire reads no such lists`)
  }
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line.trim() === '' || line.startsWith('#')) continue
    const { name, label } = parse(line.trim())
    const found = formatOf(name)
    if (found?.sample === undefined) return fail(`"${name}" is no image, .npy, .npz or .bin file`)
    format ??= found
    if (format !== found) fail(`"${name}" is of another kind than the files before it (${format.name})`)
    labelled ??= label !== undefined
    if (labelled !== (label !== undefined))
      fail(labelled ? 'has no label, as the lines before have' : 'has a label, unlike the lines before')
    if (label !== undefined && label > MAX_LABEL) fail(`label ${label} is larger than ${MAX_LABEL}`)
    if (names.size === labels.length) labels = grown(labels)
    labels[names.size] = label ?? 0
    names.add(name)
  }
  if (format === undefined) throw new SquireError('DATA', `${file} lists no samples: expected a path on each line`)
  const order = names.sortedOrder()
  const twin = order.findIndex((index, rank) => rank > 0 && names.same(index, order[rank - 1]!))
  const table = names.build(order)
  if (twin >= 0) {
    throw new SquireError(
      'DATA',
      `${file} lists the same path twice, as entries ${order[twin - 1]! + 1} and ${order[twin]! + 1}`,
    )
  }
  return {
    kind: 'files',
    parts: [partFor(inputs, path.dirname(file), format, table)],
    labels: labelled ? shared(order, labels) : undefined,
  }
}

function parse(line: string): { name: string; label: number | undefined } {
  const match = /^(.*\S)\s+(\d+)$/.exec(line)
  return match === null ? { name: line, label: undefined } : { name: match[1]!, label: Number(match[2]) }
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(values.length * 2)
  larger.set(values)
  return larger
}

function shared(order: Uint32Array, labels: Int32Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(4 * order.length)
  new Int32Array(buffer).set(Int32Array.from(order, (index) => labels[index]!))
  return buffer
}
