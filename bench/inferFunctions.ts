// Infer functions for wholeRun.ts: `-d` is "SAMPLES,DIMS". Each input is made when it is loaded, as a decoder would.

import { setTimeout } from 'node:timers/promises'
import type { Executor, TensorLike } from '../src/index.js'

function shapeOf({ dataset }: Executor): { readonly samples: number; readonly dims: readonly number[] } {
  const [samples, ...dims] = dataset!.split(',').map(Number)
  return { samples: samples!, dims }
}

async function load(index: number, dims: readonly number[]): Promise<TensorLike> {
  await setTimeout(1)
  const data = new Float32Array(dims.reduce((product, dim) => product * dim))
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(i * 0.01 + index)
  return { data, dims }
}

/** Every sample at once: what a first draft does. */
export async function allAtOnce(executor: Executor): Promise<number> {
  const { samples, dims } = shapeOf(executor)
  const results = await Promise.all(
    Array.from({ length: samples }, async (_, i) => {
      const [output] = await executor.forward(await load(i, dims))
      return Number(output!.data[0])
    }),
  )
  return results.reduce((sum, one) => sum + one, 0)
}

export async function mapped(executor: Executor): Promise<number> {
  const { samples, dims } = shapeOf(executor)
  const results = await executor.map(
    Array(samples).keys(),
    (i) => load(i, dims),
    ([output]) => Number(output!.data[0]),
  )
  return results.reduce((sum, one) => sum + one, 0)
}
