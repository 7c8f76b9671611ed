// The preferred way to bring data: an object that says how many samples there are and loads number i. Every worker loads and
// preprocesses its own samples, so all of it runs in parallel.
//
//   squire quant -m cls.onnx -uds examples/text-direction/dataset.mjs -if textDirection -d out/demo/images -i 300

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { defineDataset } from 'squire-quant'
import { labelOf, preprocess } from './preprocess.mjs'

/** The share of lines whose direction is told right. A metric is a fold; the states of two runs of samples merge. */
const accuracy = {
  name: 'accuracy',
  initial: () => ({ right: 0, total: 0 }),
  update({ right, total }, [scores], label) {
    const guess = scores.data[1] > scores.data[0] ? 1 : 0
    return { right: right + (guess === label ? 1 : 0), total: total + 1 }
  },
  merge: (a, b) => ({ right: a.right + b.right, total: a.total + b.total }),
  value: ({ right, total }) => right / total,
}

/** `data` is what -d said: a folder of text lines. */
export const textDirection = defineDataset(async ({ data }) => {
  const files = (await readdir(data)).filter((name) => name.endsWith('.png')).sort()
  return {
    size: () => files.length,
    id: (i) => files[i],
    classOf: (i) => labelOf(files[i]),
    load: async (i) => ({ inputs: [await preprocess(path.join(data, files[i]))], label: labelOf(files[i]) }),
    metric: accuracy,
  }
})
