// Claim: minimum, maximum, zeros, a check for NaN and infinity, and the histogram cost at most 1.0 ns a value together.
// The values are what squire observes in one forward pass of each model; the plain JavaScript loop beside it does the same work.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeObserved } from '../src/calibrate/observed.js'
import { prepare } from '../src/calibrate/prepare.js'
import { stackSamples } from '../src/dataset/batch.js'
import { openDataset } from '../src/dataset/datasets.js'
import { chipProfile } from '../src/fixedpoint/chip.js'
import { exponentOf } from '../src/histogram/histogram.js'
import { createKernel } from '../src/histogram/kernel.js'
import { BINS_LOG2, BINS_PER_SIGN, NUM_BINS } from '../src/histogram/types.js'
import { modelInputs, readModel } from '../src/onnx/model.js'
import { optimize } from '../src/onnx/passes/index.js'
import { unblocked } from '../src/onnx/runtime/layout.js'
import { createSession } from '../src/onnx/runtime/session.js'
import { oneWidth } from '../src/plan/options.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase, sourceOf } from './rig.js'
import type { BenchOptions, Section } from './types.js'

/** Times are nanoseconds a value: medians over the rounds. */
export interface KernelBenchResult {
  readonly name: string
  readonly tensors: number
  readonly values: number
  /** The fraction of values that are zero. */
  readonly zeros: number
  readonly kernel: number
  /** For values outside the kernel's memory, which are copied first. */
  readonly copied: number
  /** When the sample can be rolled back. */
  readonly undoable: number
  readonly plain: number
}

export const title = 'Observation (min, max, zeros, NaN, histogram), one thread, ns a value'

export async function run(options: Partial<BenchOptions> = {}): Promise<readonly KernelBenchResult[]> {
  const { model, images, rounds = 11 } = options
  const results: KernelBenchResult[] = []
  const all = model === undefined ? cases : [imageCase(model), ...cases]
  for (const [i, benchCase] of all.entries()) {
    // Photographs are for the model they belong to.
    if (model !== undefined && i === 0 && images !== undefined) process.env.BENCH_IMAGES = images
    else delete process.env.BENCH_IMAGES
    results.push(measure(benchCase.name, await activations(benchCase, i), rounds))
  }
  return results
}

export function rows(results: readonly KernelBenchResult[]): Section['rows'] {
  return results.map(({ name, tensors, values, zeros, kernel, copied, undoable, plain }) => ({
    model: name,
    tensors,
    values,
    zeros: `${(100 * zeros).toFixed(0)} %`,
    kernel: kernel.toFixed(2),
    'copied in': copied.toFixed(2),
    undoable: undoable.toFixed(2),
    'plain JS': plain.toFixed(2),
    'JS / kernel': (plain / kernel).toFixed(1),
  }))
}

/** The observed tensors of one forward pass as the runtime holds them, padding and inputs aside: of one sample, or of as many as are stacked. */
async function activations(benchCase: BenchCase, first: number): Promise<readonly Float32Array[]> {
  const workspace = await mkdtemp(join(tmpdir(), 'squire-bench-'))
  try {
    const source = await readModel(benchCase.model)
    const dataset = await openDataset(sourceOf(benchCase, first + 32), modelInputs(source.proto))
    const { feeds } = await dataset.load(first)
    const prepared = await prepare(
      (await optimize(source)).model,
      feeds,
      oneWidth(chipProfile('TX5105C'), 8),
      workspace,
    )
    const { observed, observation } = await makeObserved(prepared, workspace)
    const samples = []
    for (let i = 0; i < observation.stacked; i++) samples.push((await dataset.load(first + i)).feeds)
    const session = await createSession(observed.path, observed)
    const written = observation.tensors.filter((name) => !(name in feeds))
    const values = await session.run(stackSamples(samples, samples.length, {}, observation.stackAxes), written)
    await session.release()
    return written.map((name) => {
      const layout = observation.blocked[name]
      const { data, dims } = values[name]!
      return layout === undefined ? (data as Float32Array) : unblocked(data as Float32Array, dims, layout)
    })
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

function measure(name: string, tensors: readonly Float32Array[], rounds: number): KernelBenchResult {
  const kernel = createKernel({ numSlots: tensors.length, bufferLengths: tensors.map(({ length }) => length) })
  const { buffers } = kernel
  tensors.forEach((tensor, i) => {
    buffers[i]!.set(tensor)
  })
  const counts = tensors.map(() => new Uint32Array(NUM_BINS))
  const values = tensors.reduce((sum, { length }) => sum + length, 0)
  const observe = (observed: readonly Float32Array[]) => {
    for (let slot = 0; slot < observed.length; slot++) kernel.observe(slot, observed[slot]!)
  }
  const ways = {
    plain: () => tensors.map((tensor, i) => plainObserve(counts[i]!, tensor)),
    copied: () => observe(tensors),
    kernel: () => observe(buffers),
    undoable: () => {
      kernel.begin()
      observe(buffers)
    },
  }
  for (const way of Object.values(ways)) way()
  const times = { plain: [] as number[], copied: [] as number[], kernel: [] as number[], undoable: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    for (const way of ['plain', 'copied', 'kernel', 'undoable'] as const) {
      const start = performance.now()
      ways[way]()
      times[way].push(((performance.now() - start) * 1e6) / values)
    }
  }
  return {
    name,
    tensors: tensors.length,
    values,
    zeros: tensors.reduce((sum, tensor) => sum + tensor.filter((x) => x === 0).length, 0) / values,
    kernel: median(times.kernel),
    copied: median(times.copied),
    undoable: median(times.undoable),
    plain: median(times.plain),
  }
}

/** The same work as one would write it in JavaScript. */
function plainObserve(counts: Uint32Array, values: Float32Array): { min: number; max: number; zeros: number } {
  let min = Infinity
  let max = -Infinity
  let zeros = 0
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!
    if (x - x !== 0) throw new Error(`value ${i} is ${x}`)
    if (x < min) min = x
    if (x > max) max = x
    if (x === 0) zeros++
  }
  const scale = 2 ** (BINS_LOG2 - exponentOf(Math.max(-min, max)))
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!
    counts[x < 0 ? BINS_PER_SIGN + ((-x * scale) | 0) : (x * scale) | 0]!++
  }
  return { min, max, zeros }
}
