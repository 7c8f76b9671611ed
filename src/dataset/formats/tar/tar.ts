// Tar files as WebDataset lays them out: members that have the same name up to the first dot are one sample.
//
//     000017.jpg  000017.cls       a picture and its class, as a number in text
//     000018.npy  000018.cls       or an array
//     000019.left.npy  000019.right.npy     for models of several inputs: the input's name before the extension

import path from 'node:path'
import { listed, messageOf, SquireError } from '../../../errors.js'
import { withRegularFile } from '../../../files/regularFile.js'
import type { Preprocessing, TarContents } from '../../source.js'
import type { ModelInput, TensorLike } from '../../types.js'
import { npyTensor } from '../arrays/npy.js'
import { fileFingerprint, readRange } from '../fingerprint.js'
import { decodeImage, imageLayout } from '../image/decode.js'
import { image as imageFormat } from '../image/image.js'
import { toLabel } from '../label.js'
import { NameTableBuilder, openNames } from '../listing/nameTable.js'
import { RecentlyUsed } from '../recentlyUsed.js'
import type { Format, Reader } from '../types.js'
import { type Member, membersOf } from './members.js'

export const tar: Format = {
  name: 'tar',
  extensions: ['.tar'],
  rows: { inspect: inspectTars },
}

const LABEL_FIELD = 'cls'

/** Shards whose headers are read at the same time. */
const LISTED_AT_ONCE = 16

interface Found {
  readonly key: string
  /** Field -> member. */
  readonly fields: ReadonlyMap<string, Member>
}

/** @throws SquireError DATA when a file is no tar file, or a sample lacks what the others have */
async function inspectTars(files: readonly string[], inputs: readonly ModelInput[]): Promise<TarContents> {
  const ids = new NameTableBuilder()
  const counts: number[] = []
  const places: Member[] = []
  let fields: readonly string[] | undefined
  for (let from = 0; from < files.length; from += LISTED_AT_ONCE) {
    const some = files.slice(from, from + LISTED_AT_ONCE)
    for (const [i, samples] of (await Promise.all(some.map(samplesIn))).entries()) {
      counts.push(samples.length)
      for (const { key, fields: own } of samples) {
        fields ??= fieldsFor(some[i]!, key, [...own.keys()], inputs)
        ids.add(files.length === 1 ? key : `${path.basename(some[i]!)}/${key}`)
        for (const field of fields) places.push(own.get(field) ?? missing(some[i]!, key, field))
      }
    }
  }
  if (fields === undefined) throw new SquireError('DATA', `${files.join(', ')}: holds no samples`)
  const [starts, lengths] = [shared(Float64Array, places.length), shared(Uint32Array, places.length)]
  for (const [i, { start, size }] of places.entries()) {
    starts[i] = start
    lengths[i] = size
  }
  const size = counts.reduce((sum, count) => sum + count, 0)
  return {
    kind: 'tar',
    files,
    counts,
    size,
    fields,
    ids: ids.build(),
    starts: starts.buffer,
    lengths: lengths.buffer,
  }
}

function shared<A>(array: new (buffer: SharedArrayBuffer) => A, length: number): A & { buffer: SharedArrayBuffer } {
  const { BYTES_PER_ELEMENT } = array as unknown as { BYTES_PER_ELEMENT: number }
  return new array(new SharedArrayBuffer(BYTES_PER_ELEMENT * length)) as A & { buffer: SharedArrayBuffer }
}

async function samplesIn(file: string): Promise<Found[]> {
  try {
    return await withRegularFile(file, async (handle) => {
      const samples: { key: string; fields: Map<string, Member> }[] = []
      for await (const member of membersOf(handle)) {
        const { dir, base } = path.posix.parse(member.path)
        const [stem = '', ...rest] = base.split('.')
        const key = dir === '' ? stem : `${dir}/${stem}`
        if (samples.at(-1)?.key !== key) samples.push({ key, fields: new Map() })
        samples.at(-1)!.fields.set(rest.join('.').toLowerCase(), member)
      }
      return samples
    })
  } catch (cause) {
    throw new SquireError('DATA', `${file} cannot be read: ${messageOf(cause)}`, { cause })
  }
}

/** Which members feed the inputs, in their order, and the label where there is one. */
function fieldsFor(file: string, key: string, found: readonly string[], inputs: readonly ModelInput[]): string[] {
  const isData = (field: string) => extensions.includes(`.${field.split('.').at(-1)}`)
  const chosen = inputs.map(({ name }) => {
    const field = found.find(
      (one) => isData(one) && (inputs.length === 1 ? true : one.startsWith(`${name.toLowerCase()}.`)),
    )
    if (field !== undefined) return field
    const wanted = inputs.length === 1 ? `a member ${key}.EXT` : `a member ${key}.${name}.EXT for input "${name}"`
    throw new SquireError(
      'DATA',
      `${file}: expected ${wanted} with EXT one of ${listed(extensions)}; sample "${key}" has ${listed(found, 'and')}`,
    )
  })
  return found.includes(LABEL_FIELD) ? [...chosen, LABEL_FIELD] : chosen
}

const extensions = [...imageFormat.extensions, '.npy']

function missing(file: string, key: string, field: string): never {
  throw new SquireError('DATA', `${file}: sample "${key}" has no member ${key}.${field}, which the first sample has`)
}

export function openTars(contents: TarContents, inputs: readonly ModelInput[], image: Preprocessing): Reader {
  const { files, counts, size, fields } = contents
  const ids = openNames(contents.ids)
  const starts = new Float64Array(contents.starts)
  const lengths = new Uint32Array(contents.lengths)
  const prints = new RecentlyUsed<string>(files.length)
  const readers = inputs.map((input, i) => ({ name: input.name, read: memberReader(input, fields[i]!, image) }))
  const labelAt = fields.indexOf(LABEL_FIELD)

  const fileOf = (index: number): string => {
    let left = index
    let file = 0
    while (left >= counts[file]!) left -= counts[file++]!
    return files[file]!
  }
  const bytesOf = (index: number, field: number): Promise<Uint8Array> => {
    const at = index * fields.length + field
    return withRegularFile(fileOf(index), (file) => readRange(file, starts[at]!, lengths[at]!))
  }
  const labelOf = async (index: number) =>
    toLabel(
      Number(
        Buffer.from(await bytesOf(index, labelAt))
          .toString()
          .trim() || Number.NaN,
      ),
    )

  return {
    size,
    labelled: labelAt >= 0,
    id: (index) => ids.at(index),
    async read(index) {
      const values: Record<string, TensorLike> = {}
      for (const [field, { name, read }] of readers.entries()) values[name] = await read(await bytesOf(index, field))
      return labelAt < 0 ? { inputs: values } : { inputs: values, label: await labelOf(index) }
    },
    async classes() {
      const labels = new Int32Array(size)
      for (let index = 0; index < size; index++) labels[index] = await labelOf(index)
      return (index) => labels[index]!
    },
    async fingerprint(index) {
      const file = fileOf(index)
      return `${await prints.get(file, () => fileFingerprint(file))}:${ids.at(index)}`
    },
    async close() {
      prints.clear()
    },
  }
}

function memberReader(input: ModelInput, field: string, image: Preprocessing) {
  if (field.endsWith('npy')) return async (bytes: Uint8Array): Promise<TensorLike> => npyTensor(bytes, input)
  const layout = imageLayout(input, image)
  return (bytes: Uint8Array): Promise<TensorLike> => decodeImage(bytes, layout)
}
