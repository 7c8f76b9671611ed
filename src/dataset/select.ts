// Which samples take part, and their canonical order. Both depend on the samples' ids alone, not on the order in which data were listed.

import { createHash } from 'node:crypto'
import type { SampleSelection } from '../config.js'
import { SquireError } from '../errors.js'
import type { OpenedDataset } from './datasets.js'
import { NameTableBuilder } from './nameTable.js'

/**
 * Dataset indices of the samples that take part, in the order of their ids (by UTF-16 code unit). A draw of N takes the N samples whose
 * ids hash lowest under the seed, of every class first where `perClass` is given; all of them if there are no more than N.
 * @throws SquireError DATA when two samples have the same id, or classes are asked of data without labels
 */
export async function selectSamples(
  dataset: Pick<OpenedDataset, 'size' | 'id' | 'classes'>,
  { samples, perClass, seed }: SampleSelection,
): Promise<Uint32Array> {
  const order = canonicalOrder(dataset)
  if (samples === undefined && perClass === undefined) return order
  const classOf = perClass === undefined ? undefined : await dataset.classes?.()
  if (perClass !== undefined && classOf === undefined) {
    throw new SquireError(
      'DATA',
      '--per-class needs labels: class subfolders, a list with labels, a "label" column, or classOf(index) in a dataset object',
    )
  }
  const taken = new Map<string | number, number>()
  const drawn: number[] = []
  for (const rank of hashOrder(dataset, order, seed)) {
    if (drawn.length === samples) break
    if (classOf !== undefined && perClass !== undefined) {
      const name = classOf(order[rank]!)
      const count = taken.get(name) ?? 0
      if (count >= perClass) continue
      taken.set(name, count + 1)
    }
    drawn.push(rank)
  }
  return Uint32Array.from(drawn)
    .sort()
    .map((rank) => order[rank]!)
}

function canonicalOrder(dataset: Pick<OpenedDataset, 'size' | 'id'>): Uint32Array {
  if (isOrdered(dataset)) return Uint32Array.from({ length: dataset.size }, (_, i) => i)
  const ids = new NameTableBuilder()
  for (let i = 0; i < dataset.size; i++) ids.add(dataset.id(i))
  const order = ids.sortedOrder()
  const twin = order.findIndex((index, rank) => rank > 0 && ids.same(index, order[rank - 1]!))
  if (twin < 0) return order
  throw new SquireError(
    'DATA',
    `samples ${order[twin - 1]} and ${order[twin]} have the same id "${dataset.id(order[twin]!)}"; every sample needs its own`,
  )
}

/** Most data come in order already: then nothing needs to be kept. */
function isOrdered(dataset: Pick<OpenedDataset, 'size' | 'id'>): boolean {
  let previous = ''
  for (let i = 0; i < dataset.size; i++) {
    const id = dataset.id(i)
    if (i > 0 && !(previous < id)) return false
    previous = id
  }
  return true
}

/** Ranks in canonical order, sorted by the first 48 bits of SHA-256 of "seed:id"; the rank decides where those are the same. */
function hashOrder(dataset: Pick<OpenedDataset, 'id'>, order: Uint32Array, seed: number): Uint32Array {
  const hashes = new Float64Array(order.length)
  for (let rank = 0; rank < order.length; rank++) {
    hashes[rank] = createHash('sha256')
      .update(`${seed}:${dataset.id(order[rank]!)}`)
      .digest()
      .readUIntBE(0, 6)
  }
  return Uint32Array.from(order, (_, rank) => rank).sort((a, b) => hashes[a]! - hashes[b]! || a - b)
}
