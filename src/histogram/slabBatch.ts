// A slab as Arrow sees it: the same shared memory under Arrow's names and types, without a copy. Apart from slab.ts, because loading
// apache-arrow takes longer than a worker should take to start.

import {
  Field,
  FixedSizeList,
  Float64,
  makeData,
  makeVector,
  type RecordBatch,
  Table,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import { slabColumns } from './slab.js'
import { NUM_BINS } from './types.js'

/** One row a tensor: tensor, exponent, min, max, count, zeros, counts. What its owner writes shows at once. */
export function slabBatch(slab: SharedArrayBuffer, tensors: readonly string[]): RecordBatch {
  const { exponent, min, max, count, zeros, counts } = slabColumns(slab, tensors)
  const bins = makeData({
    type: new FixedSizeList(NUM_BINS, new Field('item', new Float64())),
    length: tensors.length,
    child: makeData({ type: new Float64(), data: counts }),
  })
  const table = new Table({
    tensor: vectorFromArray(tensors, new Utf8()),
    exponent: makeVector(exponent),
    min: makeVector(min),
    max: makeVector(max),
    count: makeVector(count),
    zeros: makeVector(zeros),
    counts: makeVector(bins),
  })
  return table.batches[0]!
}
