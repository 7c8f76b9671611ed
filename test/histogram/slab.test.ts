import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { emptyHistogram, merge, observe } from '../../src/histogram/histogram.js'
import { addSlab, createSlab, emptySlab, readSlab, writeSlab } from '../../src/histogram/slab.js'
import { slabBatch } from '../../src/histogram/slabBatch.js'
import { NUM_BINS } from '../../src/histogram/types.js'
import { expectSame } from './same.js'

const names = ['image', 'conv', 'logits']
const histograms = [[0, 0.5, 255], [-3, 1e-30], []].map((values) =>
  observe(emptyHistogram(), Float32Array.from(values)),
)

function written(): SharedArrayBuffer {
  const slab = createSlab(names)
  writeSlab(slab, names, (i) => histograms[i]!)
  return slab
}

describe('a slab', () => {
  it('gives back what was written, in the order of the names', () => {
    const read = readSlab(written(), names)
    expect([...read.keys()]).toEqual(names)
    names.forEach((name, i) => {
      expectSame(read.get(name)!, histograms[i]!)
    })
  })

  it('is merged into statistics that do not change when it is written again', () => {
    const slab = written()
    const total = emptySlab(names)
    const sum = (name: string) => readSlab(total, names).get(name)!
    addSlab(total, slab, names)
    writeSlab(slab, names, () => histograms[0]!)
    expectSame(sum('conv'), histograms[1]!)
    addSlab(total, slab, names)
    expectSame(sum('conv'), merge(histograms[1]!, histograms[0]!))
    expectSame(sum('image'), merge(histograms[0]!, histograms[0]!))
    expectSame(readSlab(slab, names).get('conv')!, histograms[0]!)
  })

  it('that nobody wrote, or whose writer died, is not read', () => {
    expect(() => readSlab(createSlab(names), names)).toThrow('never wrote it')
    const slab = written()
    const dying = () => {
      throw new Error('killed')
    }
    expect(() => writeSlab(slab, names, dying)).toThrow('killed')
    expect(() => readSlab(slab, names)).toThrow('did not finish writing it')
    writeSlab(slab, names, (i) => histograms[i]!)
    expectSame(readSlab(slab, names).get('image')!, histograms[0]!)
  })

  it('is refused under another number of names', () => {
    expect(() => readSlab(written(), ['image'])).toThrow('a slab of 3 tensors was opened with 1 names')
  })

  it('is shared with another thread', async () => {
    const slab = written()
    const code = `const { workerData } = require('node:worker_threads'); new Int32Array(workerData)[16] = 77`
    await new Promise((resolve) => new Worker(code, { eval: true, workerData: slab }).once('exit', resolve))
    expect(readSlab(slab, names).get('image')!.exponent).toBe(77)
  })
})

describe('its Arrow batch', () => {
  it('shows every column', () => {
    const rows = slabBatch(written(), names)
      .toArray()
      .map((row) => row.toJSON())
    expect(rows.map(({ counts, ...row }) => ({ ...row, bins: counts.length }))).toEqual(
      histograms.map(({ counts, ...rest }, i) => ({ tensor: names[i], ...rest, bins: counts.length })),
    )
    expect([...rows[0]!.counts]).toEqual([...histograms[0]!.counts])
  })

  it('is a view of the shared memory: what the owner writes shows at once', () => {
    const slab = createSlab(names)
    const batch = slabBatch(slab, names)
    writeSlab(slab, names, (i) => histograms[i]!)
    expect(batch.getChild('max')!.toArray().buffer).toBe(slab)
    expect(batch.getChild('counts')!.getChildAt(0)!.toArray().buffer).toBe(slab)
    expect(batch.getChild('counts')!.getChildAt(0)!.length).toBe(names.length * NUM_BINS)
    expect([...batch.getChild('max')!]).toEqual([255, Math.fround(1e-30), -Infinity])
  })
})
