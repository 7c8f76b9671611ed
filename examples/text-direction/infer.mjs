// Knight's way to bring data: a function that loads samples, runs the model on each and returns its metric.
// executor.map has a few samples in memory at a time and keeps all workers busy; loading and preprocessing stay on one thread.
//
//   squire quant -m cls.onnx -uds examples/text-direction/infer.mjs -if infer_direction -d out/demo/images -i 300

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { labelOf, preprocess } from './preprocess.mjs'

export async function infer_direction(executor) {
  const files = (await readdir(executor.dataset)).filter((name) => name.endsWith('.png')).sort()
  // Of the files the first `iteration` (-i) are taken.
  const right = await executor.map(
    files,
    (file) => preprocess(path.join(executor.dataset, file)),
    ([scores], file) => (scores.data[1] > scores.data[0] ? 1 : 0) === labelOf(file),
  )
  return right.filter(Boolean).length / right.length
}
