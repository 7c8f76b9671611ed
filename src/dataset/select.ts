// Which samples take part, and in which order: a function of their ids and a seed, not of the order in which data were listed.

import { createHash } from 'node:crypto'
import type { SampleSelection } from '../config/config.js'
import { SquireError } from '../errors.js'
import { NameTableBuilder } from './formats/listing/nameTable.js'
import type { OpenedDataset } from './opened.js'

/** All samples of a dataset, in the order in which they are drawn. */
export interface Draw {
  /** How many of them `--samples` and `--per-class` ask for: the first ones. */
  readonly drawn: number
  /**
   * Dataset indices of all samples. The samples before a cut are the first ones drawn; between two cuts they stand in canonical order
   * (of their ids, by UTF-16 code unit), so that neighbours in a file are read together.
   */
  order(cuts: readonly number[]): Uint32Array
}

/**
 * Draws samples by a seeded hash of their ids: the first N are spread over the data, are among the first N+1, and do not depend on how the
 * data were listed. With `perClass` that many of every class come first.
 * @throws SquireError DATA when two samples have the same id, or classes are asked of data without labels
 */
export async function drawSamples(
  dataset: Pick<OpenedDataset, 'size' | 'id' | 'classes' | 'inOrder'>,
  { samples, perClass, seed }: SampleSelection,
): Promise<Draw> {
  const canonical = canonicalOrder(dataset)
  let hashed: Uint32Array | undefined
  const byHash = () => {
    hashed ??= dataset.inOrder ? identity(dataset.size) : hashOrder(dataset, canonical, seed)
    return hashed
  }
  const ofClasses = perClass === undefined ? undefined : await classesFirst(dataset, canonical, byHash(), perClass)
  const available = ofClasses?.count ?? dataset.size
  return {
    drawn: Math.min(samples ?? available, available),
    order(cuts) {
      const bounds = [...new Set([...cuts, dataset.size])].sort((a, b) => a - b)
      // A single run of everything is canonical whatever the hashes are.
      const ranks =
        bounds.length === 1 ? Uint32Array.from(canonical, (_, rank) => rank) : (ofClasses?.ranks ?? byHash()).slice()
      let from = 0
      for (const to of bounds) {
        ranks.subarray(from, to).sort()
        from = to
      }
      return ranks.map((rank) => canonical[rank]!)
    },
  }
}

function identity(size: number): Uint32Array {
  return Uint32Array.from({ length: size }, (_, i) => i)
}

/** Moves the first `perClass` samples of every class to the front. */
async function classesFirst(
  dataset: Pick<OpenedDataset, 'classes'>,
  canonical: Uint32Array,
  hashed: Uint32Array,
  perClass: number,
): Promise<{ readonly ranks: Uint32Array; readonly count: number }> {
  const classOf = await dataset.classes?.()
  if (classOf === undefined) {
    throw new SquireError(
      'DATA',
      '--per-class needs labels: class subfolders, a list with labels, a "label" column, or classOf(index) in a dataset object',
    )
  }
  const taken = new Map<string | number, number>()
  const [first, rest]: [number[], number[]] = [[], []]
  for (const rank of hashed) {
    const name = classOf(canonical[rank]!)
    const count = taken.get(name) ?? 0
    taken.set(name, count + 1)
    if (count < perClass) first.push(rank)
    else rest.push(rank)
  }
  return { ranks: Uint32Array.from([...first, ...rest]), count: first.length }
}

function canonicalOrder(dataset: Pick<OpenedDataset, 'size' | 'id'>): Uint32Array {
  if (isOrdered(dataset)) return identity(dataset.size)
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
