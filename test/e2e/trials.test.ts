// The quantizations that a run tries by itself: on how many samples, and what its progress expects of them.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { npyFile } from '../../src/files/npy.js'
import { type Reporter, silentReporter } from '../../src/report/types.js'
import { quantize } from '../../src/runs/quantize.js'
import { floats, model, node } from '../onnx/models.js'
import { temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()

/** A row for each sample: the later, the larger. */
function rows(samples: number): string {
  const path = join(folder, `${samples}.npy`)
  const data = Float32Array.from({ length: 4 * samples }, (_, i) => Math.sin(7 * i) * (1 + i / samples))
  writeFileSync(path, npyFile({ type: 'float32', dims: [samples, 4], data }))
  return path
}

/** By the number of samples in a forward pass: two layers whose tensors can have zero points. */
function layers(batch: number): string {
  const weights = (name: string) => floats(name, [4, 4], [1, 0, 1, 0, 0, 1, 0, 1, -0.5, 0.3, 1, 0, 0.2, 0, -1, 0.7])
  const nodes = [node('Gemm', ['x', 'v'], ['g'], [], 'first'), node('Relu', ['g'], ['r'], [], 'relu')]
  return write(
    model({
      inputs: { x: [batch, 4] },
      nodes: [...nodes, node('Gemm', ['r', 'w'], ['y'], [], 'second')],
      constants: [weights('v'), weights('w')],
    }),
    folder,
    `layers${batch}.onnx`,
  )
}

/** A run with the modes and zero points of its own choice: what its progress expects in all, and each part by its title. */
async function progressOf(batch: number, samples: number) {
  const own = join(folder, `out-${batch}-${samples}`)
  const words = ['-m', layers(batch), '-d', rows(samples), '-i', `${samples}`, '-s', own, '-cn', '1']
  const { config } = await configure(['quant', ...words])
  let expected = 0
  const parts: { readonly title: string; readonly total: number }[] = []
  const progress: Reporter['progress'] = (title, total, unit) => {
    parts.push({ title, total })
    return silentReporter.progress(title, total, unit)
  }
  const { results } = await quantize(config, {
    ...silentReporter,
    progress,
    workload: (all) => {
      expected = all
    },
  })
  return { expected, parts, tried: parts.filter(({ title }) => title.startsWith('trying')), modes: results[0]!.modes! }
}

test('a run tries two thirds of the samples that it calibrates on, and its progress expects exactly these', async () => {
  const { expected, parts, tried } = await progressOf(1, 36)
  expect(tried.map(({ total }) => total)).toEqual([24, 24])
  expect(parts.reduce((sum, { total }) => sum + total, 0)).toBe(expected)
})

test('a model with a fixed batch is tried on whole forward passes, though a batch is more than the fewest samples', async () => {
  const { expected, parts, tried, modes } = await progressOf(32, 64)
  expect(tried.map(({ total }) => total)).toEqual([64, 64])
  expect(modes.every(({ sqnr }) => typeof sqnr === 'number')).toBe(true)
  expect(parts.reduce((sum, { total }) => sum + total, 0)).toBe(expected)
})
