import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { addBuffer, createBuffer, emptyBuffer, readBuffer, writeBuffer } from '../../src/histogram/buffer.js'
import { bufferBatch } from '../../src/histogram/bufferBatch.js'
import { emptyHistogram, merge, observe } from '../../src/histogram/histogram.js'
import { NUM_BINS } from '../../src/histogram/types.js'
import { expectSame } from './same.js'

const names = ['image', 'conv', 'logits']
const histograms = [[0, 0.5, 255], [-3, 1e-30], []].map((values) =>
  observe(emptyHistogram(), Float32Array.from(values)),
)

function written(): SharedArrayBuffer {
  const buffer = createBuffer(names)
  writeBuffer(buffer, names, (i) => histograms[i]!)
  return buffer
}

describe('a buffer', () => {
  it('gives back what was written, in the order of the names', () => {
    const read = readBuffer(written(), names)
    expect([...read.keys()]).toEqual(names)
    names.forEach((name, i) => {
      expectSame(read.get(name)!, histograms[i]!)
    })
  })

  it('is merged into statistics that do not change when it is written again', () => {
    const buffer = written()
    const total = emptyBuffer(names)
    const sum = (name: string) => readBuffer(total, names).get(name)!
    addBuffer(total, buffer, names)
    writeBuffer(buffer, names, () => histograms[0]!)
    expectSame(sum('conv'), histograms[1]!)
    addBuffer(total, buffer, names)
    expectSame(sum('conv'), merge(histograms[1]!, histograms[0]!))
    expectSame(sum('image'), merge(histograms[0]!, histograms[0]!))
    expectSame(readBuffer(buffer, names).get('conv')!, histograms[0]!)
  })

  it('that nobody wrote, or whose writer died, is not read', () => {
    expect(() => readBuffer(createBuffer(names), names)).toThrow('never wrote it')
    const buffer = written()
    const dying = () => {
      throw new Error('killed')
    }
    expect(() => writeBuffer(buffer, names, dying)).toThrow('killed')
    expect(() => readBuffer(buffer, names)).toThrow('did not finish writing it')
    writeBuffer(buffer, names, (i) => histograms[i]!)
    expectSame(readBuffer(buffer, names).get('image')!, histograms[0]!)
  })

  it('is refused under another number of names', () => {
    expect(() => readBuffer(written(), ['image'])).toThrow('a buffer of 3 tensors was opened with 1 names')
  })

  it('is shared with another thread', async () => {
    const buffer = written()
    const code = `const { workerData } = require('node:worker_threads'); new Int32Array(workerData)[16] = 77`
    await new Promise((resolve) => new Worker(code, { eval: true, workerData: buffer }).once('exit', resolve))
    expect(readBuffer(buffer, names).get('image')!.exponent).toBe(77)
  })
})

describe('its Arrow batch', () => {
  it('shows every column', () => {
    const rows = bufferBatch(written(), names)
      .toArray()
      .map((row) => row.toJSON())
    expect(rows.map(({ counts, ...row }) => ({ ...row, bins: counts.length }))).toEqual(
      histograms.map(({ counts, ...rest }, i) => ({ tensor: names[i], ...rest, bins: counts.length })),
    )
    expect([...rows[0]!.counts]).toEqual([...histograms[0]!.counts])
  })

  it('is a view of the shared memory: what the owner writes shows at once', () => {
    const buffer = createBuffer(names)
    const batch = bufferBatch(buffer, names)
    writeBuffer(buffer, names, (i) => histograms[i]!)
    expect(batch.getChild('max')!.toArray().buffer).toBe(buffer)
    expect(batch.getChild('counts')!.getChildAt(0)!.toArray().buffer).toBe(buffer)
    expect(batch.getChild('counts')!.getChildAt(0)!.length).toBe(names.length * NUM_BINS)
    expect([...batch.getChild('max')!]).toEqual([255, Math.fround(1e-30), -Infinity])
  })
})
