// Claim: calibration costs little more than inference, in memory that does not grow, and scales with the cores.
// Side by side in one run: plain inference and calibration in turn (medians of ratios), peak memory at two dataset sizes, threads,
// and, with --python, ONNX Runtime's own calibrators on the same images.

import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { engineEnvironment } from '../src/supervisor.js'
import * as kernel from './kernel.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase, Rig } from './rig.js'
import type { BenchOptions, Section } from './types.js'

const run = promisify(execFile)
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export async function calibrate(options: BenchOptions): Promise<Section[]> {
  const all = [...(options.model === undefined ? [] : [imageCase(options.model)]), ...cases]
  if (options.images !== undefined) process.env.BENCH_IMAGES = options.images
  const cores = availableParallelism()
  const sections = [
    await ratios(all, cores, options),
    { title: kernel.title, rows: kernel.rows(await kernel.run(options)) },
    await scaling(all[0]!, cores, options),
    await memory(all[0]!),
  ]
  return [...sections, ...(options.python === undefined ? [] : [await peers(options)])]
}

/** Only the first case takes images; the others have inputs of other sizes. */
async function onCase<T>(of: BenchCase, isFirst: boolean, work: () => Promise<T>): Promise<T> {
  const images = process.env.BENCH_IMAGES
  if (!isFirst || of.dims.at(-1) !== 224) delete process.env.BENCH_IMAGES
  try {
    return await work()
  } finally {
    if (images !== undefined) process.env.BENCH_IMAGES = images
  }
}

async function ratios(all: readonly BenchCase[], threads: number, options: BenchOptions): Promise<Section> {
  const rows = []
  for (const [i, of] of all.entries()) rows.push(await onCase(of, i === 0, () => ratioOf(of, threads, options)))
  return {
    title: `Calibration (all five modes, float metric included) against plain inference, ${threads} threads`,
    rows,
  }
}

async function ratioOf(of: BenchCase, threads: number, { rounds, seconds }: BenchOptions) {
  const rig = await Rig.open(of, threads)
  try {
    await rig.calibrate(threads * 4)
    const samples = await samplesOf(rig, threads, seconds)
    const runs = []
    for (let round = 0; round < rounds; round++) {
      runs.push({ plain: await rig.plain(samples), calibration: await rig.calibrate(samples) })
    }
    const { tensors, quantized, values } = rig.observed
    const ratios = runs.map(({ plain, calibration }) => calibration.seconds / plain.seconds)
    return {
      model: of.name,
      tensors: `${tensors} observed for ${quantized}`,
      'values/sample': values,
      samples,
      'plain ms': ms(median(runs.map(({ plain }) => plain.seconds)) / samples),
      'calibration ms': ms(median(runs.map(({ calibration }) => calibration.seconds)) / samples),
      ratio: round2(median(ratios)),
      rounds: `${round2(Math.min(...ratios))} to ${round2(Math.max(...ratios))}`,
      'cores busy': `${Math.round(100 * median(runs.map(({ calibration }) => calibration.busy)))} %`,
      'solving ms': ms(median(runs.map(({ calibration }) => calibration.solveSeconds))),
    }
  } finally {
    await rig.close()
  }
}

/** As many as plain inference takes about `seconds` for, once it is warm. */
async function samplesOf(rig: Rig, threads: number, seconds: number): Promise<number> {
  for (let samples = threads * 4; ; ) {
    const took = (await rig.plain(samples)).seconds
    const enough = Math.max(threads, Math.round((samples * seconds) / took))
    if (took > seconds / 8) return enough
    samples = Math.min(enough, samples * 8)
  }
}

async function scaling(of: BenchCase, cores: number, { rounds, samples }: BenchOptions): Promise<Section> {
  const counts = [1, 2, 4, 8, 16, 32].filter((count) => count <= cores)
  const rigs = await Promise.all(counts.map((count) => Rig.open(of, count)))
  // Twice the samples: the end of a run, when one worker waits for another, is not what this is about.
  const runs = rigs.map(() => ({ plain: [] as number[], calibration: [] as number[] }))
  for (const rig of rigs) await rig.calibrate(cores * 4)
  for (let round = 0; round < rounds; round++) {
    for (const [i, rig] of rigs.entries()) {
      runs[i]!.calibration.push((2 * samples) / (await rig.calibrate(2 * samples)).seconds)
      runs[i]!.plain.push((2 * samples) / (await rig.plain(2 * samples)).seconds)
    }
  }
  await Promise.all(rigs.map((rig) => rig.close()))
  const times = (rates: readonly number[], one: readonly number[]) =>
    round2(median(rates.map((rate, i) => rate / one[i]!)))
  const rows = counts.map((count, i) => ({
    workers: count,
    'calibration samples/s': round2(median(runs[i]!.calibration)),
    'times one worker': times(runs[i]!.calibration, runs[0]!.calibration),
    'plain samples/s': round2(median(runs[i]!.plain)),
    'times one thread': times(runs[i]!.plain, runs[0]!.plain),
  }))
  return { title: `Scaling, ${of.name}`, rows }
}

async function memory(of: BenchCase): Promise<Section> {
  const rows = []
  for (const count of [200, 2000]) {
    // As the command runs its engine.
    const args = [here('./memory.js'), of.model, String(count), '2', of.dims.join()]
    const { stdout } = await run(process.execPath, args, { env: engineEnvironment(process.env) })
    const { maxRssMb, seconds } = JSON.parse(stdout)
    rows.push({ samples: count, 'peak MB': Math.round(maxRssMb), 'whole run s': round2(seconds) })
  }
  const [few, many] = rows
  const growth = { samples: 'ratio', 'peak MB': round2(many!['peak MB'] / few!['peak MB']), 'whole run s': '' }
  return { title: `Peak resident memory of a whole run, 2 workers, ${of.name}`, rows: [...rows, growth] }
}

async function peers({ python, model, images, samples }: BenchOptions): Promise<Section> {
  if (model === undefined || images === undefined) {
    throw new Error(
      '--python needs --model FILE and --images FOLDER: the model and images that both sides calibrate on',
    )
  }
  const rows = []
  for (const method of ['MinMax', 'Entropy', 'Percentile']) {
    const script = fileURLToPath(new URL('../../bench/peer.py', import.meta.url))
    const { stdout } = await run(python!, [script, model, images, String(samples), method], { maxBuffer: 1 << 26 })
    const { seconds, maxRssMb, perImageMb } = JSON.parse(stdout.trim().split('\n').at(-1)!)
    rows.push({
      calibrator: `ONNX Runtime ${method}`,
      'images/s': round2(samples / seconds),
      'peak MB': Math.round(maxRssMb),
      'MB an image': round2(perImageMb),
    })
  }
  return { title: `ONNX Runtime's quantize_static on ${samples} of the same images, decoding included`, rows }
}

const ms = (seconds: number) => round2(seconds * 1000)
const round2 = (value: number) => Math.round(value * 100) / 100
