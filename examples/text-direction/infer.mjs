// Knight's way to bring data: a function that loads samples, calls executor.forward for each and returns its metric.
// Calls of forward may overlap, and then run on all workers; loading and preprocessing stay on one thread.
//
//   squire quant -m cls.onnx -uds examples/text-direction/infer.mjs -if infer_direction -d out/demo/images -i 300

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { labelOf, preprocess } from './preprocess.mjs'

/** How many samples are under way at once. */
const window = 16

export async function infer_direction(executor) {
  const files = (await readdir(executor.dataset)).filter((name) => name.endsWith('.png')).sort()
  const count = Math.min(executor.iteration, files.length)
  let right = 0
  for (let start = 0; start < count; start += window) {
    const guesses = files.slice(start, Math.min(start + window, count)).map(async (file) => {
      const [scores] = await executor.forward(await preprocess(path.join(executor.dataset, file)))
      const guess = scores.data[1] > scores.data[0] ? 1 : 0
      return guess === labelOf(file)
    })
    right += (await Promise.all(guesses)).filter(Boolean).length
  }
  return right / count
}
