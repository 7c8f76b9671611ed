// Which weights of a row are chosen together. The products of all pairs of a long row's inputs would not fit into memory: such a row is cut into
// blocks, each chosen as if the others were exact.

import type { Reading } from './reading.js'

export interface Block {
  /** The first value of a patch that it holds, and how many it holds. */
  readonly from: number
  readonly size: number
  /** Where the block's products begin among those of its group. */
  readonly at: number
}

/** The most products of one operator that are held: 64 MiB of them. */
export const MOST_PRODUCTS = 2 ** 23
/** Longer rows gain little from being one block, and cost time. */
const MOST_TOGETHER = 1152

/** The blocks of a row. */
export function blocksOf({ depth, groups }: Pick<Reading, 'depth' | 'groups'>): Block[] {
  const most = Math.min(MOST_TOGETHER, Math.floor(MOST_PRODUCTS / (groups * depth)))
  // A multiple of four, as the kernel multiplies four rows at a time.
  const size = Math.max(4, most - (most % 4))
  const blocks: Block[] = []
  for (let from = 0, at = 0; from < depth; from += size) {
    const own = Math.min(size, depth - from)
    blocks.push({ from, size: own, at })
    at += own * own
  }
  return blocks
}

/** How many products the blocks of a group have together. */
export function productsOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { size }) => sum + size * size, 0)
}
