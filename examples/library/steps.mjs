// squire as a library, in steps: one calibration, several ways to solve it, and only the best is written.
// node steps.mjs MODEL SAVE_DIR, for a model with one input of fixed dims

import { readFile, writeFile } from 'node:fs/promises'
import { calibrate, evaluate, exportModel, solve } from 'squire-quant'

const [model, saveDir] = process.argv.slice(2)

/** Replace load and metric by your own: they are called on this thread. */
const dataset = {
  size: () => 64,
  digest: () => 'sines', // tells squire when kept statistics are of other data
  load: (i) => ({ inputs: [{ data: Float32Array.from({ length: 4 }, (_, at) => Math.sin(i + at)), dims: [1, 4] }] }),
  metric: {
    name: 'mean of the largest score',
    initial: () => 0,
    update: (sum, [scores]) => sum + Math.max(...scores.data),
    merge: (a, b) => a + b,
    value: (sum) => sum / 64,
  },
}

// Statistics are bytes: kept in a file, they spare the next run the calibration.
const kept = await readFile('statistics.arrow').catch(() => undefined)
const calibration = await calibrate({ model, dataset, iterations: 'all', statistics: kept })
try {
  await writeFile('statistics.arrow', calibration.statistics[0].toArrow())
  const measured = []
  for (const solution of await solve(calibration, { modes: ['kl_v2', 'mse', 'min_max'] })) {
    const { loss } = await evaluate(solution)
    console.log(`${solution.mode}: loss ${loss.toFixed(3)} %`)
    measured.push({ solution, loss })
  }
  const [best] = measured.sort((a, b) => a.loss - b.loss)
  const { files } = await exportModel(best.solution, { saveDir })
  console.log(`${files.length} files of ${best.solution.mode}${kept ? ', statistics from the last run' : ''}`)
} finally {
  await calibration.close() // or `await using calibration = ...`, in TypeScript and Node 24
}
