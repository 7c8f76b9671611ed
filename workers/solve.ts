// Thresholds of some histograms.

import type { SolveAnswer, SolveTask } from '../src/engine/protocol.js'
import { solveThreshold } from '../src/solve/threshold.js'

export function runSolve(task: SolveTask): SolveAnswer {
  return {
    kind: 'done',
    thresholds: task.histograms.map((histogram, i) =>
      task.modes.map((mode) => solveThreshold(histogram, mode, { percent: task.percent, qmax: task.qmax[i]! })),
    ),
  }
}
