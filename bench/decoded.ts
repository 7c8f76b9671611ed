// Datasets of the benches. `decoded` has samples that are decoded already, to time squire and not JPEG: every worker keeps the few distinct inputs in memory.
// BENCH_IMAGES names a folder of JPEGs (taken as they are: 224x224, BGR minus the ImageNet means); without it inputs are smooth noise.

import { readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { DatasetOptions, TensorLike } from '../src/dataset/types.js'
import { defineDataset, topK } from '../src/index.js'

const DISTINCT = 32
const cache = new Map<string, Promise<readonly TensorLike[]>>()

/** What `marked` writes to standard error: a sample is loaded; the first forward pass of a thread is done. */
export const LOADED = 'a sample is loaded'
export const FIRST_FORWARD = 'the first forward pass is done'

const top1 = topK({ k: 1 })
let isFirst = true

/** The same dataset; it tells how far it is. */
export const marked = defineDataset((options: DatasetOptions) => ({
  ...opened(options),
  async load(index: number) {
    const sample = await opened(options).load(index)
    writeSync(2, `${LOADED}\n`)
    return sample
  },
  metric: {
    ...top1,
    update(...args: Parameters<typeof top1.update>) {
      if (isFirst) writeSync(2, `${FIRST_FORWARD}\n`)
      isFirst = false
      return top1.update(...args)
    },
  },
}))

export const decoded = defineDataset((options: DatasetOptions) => opened(options))

/** Every sample is a JPEG of BENCH_IMAGES, decoded each time. The number that its name begins with is its label. */
export const photographs = defineDataset(({ data }: DatasetOptions) => {
  const folder = process.env.BENCH_IMAGES!
  const files = readdirSync(folder).sort()
  return {
    size: () => Number(data!.split(',')[0]),
    async load(index: number) {
      const file = files[index % files.length]!
      return { inputs: await photograph(join(folder, file)), label: Number.parseInt(file, 10) }
    },
    metric: top1,
  }
})

function opened({ inputs, data }: DatasetOptions) {
  const [size = 200, ...dims] = (data ?? '').split(',').map(Number)
  const folder = process.env.BENCH_IMAGES
  const files = folder === undefined ? [] : readdirSync(folder).sort()
  const inputsOf = (i: number) =>
    files.length > 0 ? photograph(join(folder!, files[(i * 7) % files.length]!)) : Promise.resolve([noise(i, dims)])
  if (inputs.length !== 1) throw new Error('the benches take models of one input')
  return {
    size: () => size,
    async load(index: number) {
      const key = `${dims} ${index % DISTINCT}`
      const made = cache.get(key) ?? inputsOf(index % DISTINCT)
      cache.set(key, made)
      return { inputs: await made, label: 0 }
    },
    metric: top1,
  }
}

async function photograph(file: string): Promise<TensorLike[]> {
  const rgb = await sharp(file).removeAlpha().raw().toBuffer()
  const plane = rgb.length / 3
  const means = [104, 117, 123]
  const chw = new Float32Array(3 * plane)
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < plane; i++) chw[c * plane + i] = rgb[3 * i + (2 - c)]! - means[c]!
  }
  return [{ data: chw, dims: [1, 3, 224, 224] }]
}

function noise(seed: number, dims: readonly number[]): TensorLike {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1))
  const width = dims.at(-1)!
  let state = seed * 2654435761 + 1
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = Math.sin((i % width) / (5 + seed)) * Math.cos(i / width / 11) + (state / 2 ** 32 - 0.5) * 0.5
  }
  return { data, dims }
}
