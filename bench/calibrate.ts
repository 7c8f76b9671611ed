// Claim: calibration costs little more than inference, in memory that does not grow.
// Side by side in one run: plain inference and calibration in turn (medians of ratios), peak memory at two dataset sizes,
// and, with --python, ONNX Runtime's own calibrators on the same images.

import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as kernel from './kernel.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase, Rig } from './rig.js'
import type { BenchOptions, Section } from './types.js'
import { wholeRun, wordsFor } from './wholeRun.js'

const run = promisify(execFile)

export async function calibrate(options: BenchOptions): Promise<Section[]> {
  const all = [...(options.model === undefined ? [] : [imageCase(options.model)]), ...cases]
  if (options.images !== undefined) process.env.BENCH_IMAGES = options.images
  const cores = availableParallelism()
  const sections = [
    await ratios(all, cores, options),
    { title: kernel.title, rows: kernel.rows(await kernel.run(options)) },
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
    const samples = await rig.samplesIn(seconds)
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

async function memory(of: BenchCase): Promise<Section> {
  const rows = []
  for (const count of [200, 2000]) {
    const words = wordsFor(of, count, ['./decoded.js', 'decoded'])
    const { maxRssMb, seconds } = await wholeRun([...words, '-qm', 'kl', '-cn', '2'])
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
