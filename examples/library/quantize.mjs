// squire as a library: data as a value, progress, and a signal that ends the run after ten minutes.
// node quantize.mjs MODEL SAVE_DIR, for a model with one input of fixed dims

import { quantize, SquireError } from 'squire-quant'

const [model, saveDir] = process.argv.slice(2)
const dims = [1, 4]

/** Replace load by your own: it is called on this thread. A module given as `userScript` is loaded by the workers. */
const dataset = {
  size: () => 16,
  load: (i) => ({ inputs: [{ data: Float32Array.from({ length: 4 }, (_, at) => Math.sin(i + at)), dims }] }),
}

try {
  const { results } = await quantize({
    model,
    saveDir,
    dataset,
    iterations: 'all',
    modes: ['kl_v2', 'mse'],
    signal: AbortSignal.timeout(600_000),
    onProgress: ({ title, done, total, unit }) => process.stderr.write(`${title}: ${done} of ${total} ${unit}\n`),
  })
  for (const { mode, files, directory } of results) console.log(`${mode}: ${files.length} files in ${directory}`)
} catch (error) {
  if (!(error instanceof SquireError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
