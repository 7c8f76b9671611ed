// Claim: a run in parts scales until reading the data, the listing or the merge takes as long as the samples; a few parts a node are best.
// docs/scaling.md has the figures and what they assume. Run: npm run bench -- scaling

import { median } from '../median.js'
import type { BenchOptions, Section } from '../types.js'
import { type Costs, measure, TENSORS } from './measure.js'
import { type Cluster, simulate, uniform, type Work } from './simulate.js'

/** SqueezeNet 1.0 at 224x224, a core: bench calibrate's 208 images a second on 2 cores; the integer model in one mode. */
const CALIBRATED_SECONDS = 2 / 208
const EVALUATED_SECONDS = 0.0143
/** A 224x224 JPEG. */
const SAMPLE_BYTES = 110_000
const LARGEST_CHUNK = 256
/** From the command to the first forward pass (bench startup), and the engine's own delay for a task. */
const START_SECONDS = 1 + 5
/** Thresholds and written models. */
const SOLVE_SECONDS = 10
const DOLLARS_A_NODE_HOUR = 0.68
const SEEDS = 9

const cluster = (nodes: number): Cluster => ({
  nodes,
  coresANode: 16,
  hoursToFailure: 720,
  noticeSeconds: 300,
  stragglers: 0.03,
  slowness: 3,
  storage: 10e9,
})

interface Row {
  readonly seconds: number
  readonly mergeSeconds: number
  readonly failures: number
  readonly dollars: number
}

/** Both phases with their merges: the median of several seeds. */
function run(samples: number, nodes: number, parts: number, costs: Costs): Row {
  const listing = (samples / 1e6) * costs.listingSecondsAMillion
  const work = (sampleSeconds: number): Work => ({
    samples,
    sampleSeconds,
    sampleBytes: SAMPLE_BYTES,
    startSeconds: START_SECONDS + listing,
    checkpointSeconds: 5,
  })
  const mergeSeconds = parts * costs.mergeSeconds
  const outcomes = Array.from({ length: SEEDS }, (_, seed) => {
    const draw = uniform(seed + 1)
    const phases = [CALIBRATED_SECONDS, EVALUATED_SECONDS].map((seconds) =>
      simulate(cluster(nodes), work(seconds), parts, draw),
    )
    const sum = (of: (phase: (typeof phases)[number]) => number) =>
      phases.reduce((total, phase) => total + of(phase), 0)
    return {
      seconds: sum((one) => one.seconds),
      failures: sum((one) => one.failures),
      busy: sum((one) => one.busySeconds),
    }
  })
  const middle = (of: (one: (typeof outcomes)[number]) => number) => median(outcomes.map(of))
  const alone = 2 * (START_SECONDS + listing) + mergeSeconds + SOLVE_SECONDS
  return {
    seconds: middle(({ seconds }) => seconds) + alone,
    mergeSeconds,
    failures: outcomes.reduce((total, { failures }) => total + failures, 0) / SEEDS,
    dollars: ((middle(({ busy }) => busy) + alone) / 3600) * DOLLARS_A_NODE_HOUR,
  }
}

const time = (seconds: number) => {
  if (seconds < 100) return `${seconds.toFixed(0)} s`
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`
}

export async function scaling({ rounds }: BenchOptions): Promise<Section[]> {
  const costs = await measure(rounds)
  const partsANode = [1, 2, 4, 8, 16]
  const tables = [1e6, 1e8].map((samples) => ({
    title: `${samples / 1e6} million samples: wall time by parts a node, and the best of them`,
    rows: [1, 10, 100, 1000].map((nodes) => {
      const most = Math.ceil(samples / LARGEST_CHUNK)
      const rows = partsANode.map((each) => ({ each, ...run(samples, nodes, Math.min(most, nodes * each), costs) }))
      const best = rows.reduce((a, b) => (b.seconds < a.seconds ? b : a))
      return {
        nodes,
        ...Object.fromEntries(rows.map(({ each, seconds }) => [`${each} a node`, time(seconds)])),
        'merge (best)': time(best.mergeSeconds),
        'nodes lost': best.failures.toFixed(1),
        'US $': best.dollars.toFixed(2),
      }
    }),
  }))
  return [
    {
      title: `A part of ${TENSORS} tensors, and the listing`,
      rows: [
        {
          'MB a part': (costs.partBytes / 1e6).toFixed(2),
          'ms to write': (costs.encodeSeconds * 1000).toFixed(1),
          'ms to read and merge': (costs.mergeSeconds * 1000).toFixed(1),
          's to list a million samples': costs.listingSecondsAMillion.toFixed(2),
        },
      ],
    },
    ...tables,
  ]
}
