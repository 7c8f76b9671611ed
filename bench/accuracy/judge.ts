// Judges models by a float model's outputs on held-out samples: same answers, right answers, signal to noise.

import { openDataset } from '../../src/dataset/datasets.js'
import type { OpenedDataset } from '../../src/dataset/opened.js'
import type { Feeds } from '../../src/dataset/types.js'
import { encodeModel, modelInputs, readModel } from '../../src/onnx/model.js'
import { createSession, type Session } from '../../src/onnx/runtime/session.js'
import type { ModelProto, TensorValue } from '../../src/onnx/types.js'
import type { AccuracyCase } from './cases.js'

export interface Verdict {
  /** Percent of samples with the float model's answer, and with the label's. */
  readonly agreement: number | undefined
  readonly right: number | undefined
  /** Of all outputs together, in dB: of scores before a last Softmax. */
  readonly sqnr: number
}

interface Sample {
  readonly feeds: Feeds
  readonly label: unknown
  readonly float: Float32Array
  readonly answer: unknown
}

export class Judge {
  readonly #case: AccuracyCase
  readonly #samples: readonly Sample[]

  private constructor(of: AccuracyCase, samples: readonly Sample[]) {
    this.#case = of
    this.#samples = samples
  }

  static async open(of: AccuracyCase): Promise<Judge> {
    const dataset = await openDataset(of.source, modelInputs((await readModel(of.model)).proto))
    const session = await createSession(of.model)
    const samples: Sample[] = []
    for (const index of of.heldOut) samples.push(await sampleOf(of, dataset, session, index))
    await session.release()
    return new Judge(of, samples)
  }

  get floatRight(): number | undefined {
    return this.#case.answer && percent(this.#samples, ({ answer, label }) => answer === label)
  }

  async judge(proto: ModelProto): Promise<Verdict> {
    const session = await createSession(encodeModel(proto))
    let [signal, noise, same, right] = [0, 0, 0, 0]
    for (const { feeds, float, answer, label } of this.#samples) {
      const output = await firstOutput(session, feeds)
      const values = output.data as Float32Array
      const made = scores(values, output.dims, this.#case)
      for (let i = 0; i < made.length; i++) {
        signal += float[i]! ** 2
        noise += (made[i]! - float[i]!) ** 2
      }
      const given = this.#case.answer?.(output)
      if (given === answer) same++
      if (given === label) right++
    }
    await session.release()
    const share = (count: number) => (this.#case.answer ? (100 * count) / this.#samples.length : undefined)
    return { agreement: share(same), right: share(right), sqnr: 10 * Math.log10(signal / noise) }
  }
}

async function sampleOf(of: AccuracyCase, dataset: OpenedDataset, session: Session, index: number): Promise<Sample> {
  const { feeds, label } = await dataset.load(index)
  const output = await firstOutput(session, feeds)
  const float = scores(output.data as Float32Array, output.dims, of)
  return { feeds, label, float, answer: of.answer?.(output) }
}

/** Probabilities as their logarithms less the mean of a row, which are the scores before the Softmax; other outputs as they are. */
function scores(values: Float32Array, dims: readonly number[], { answer }: AccuracyCase): Float32Array {
  if (answer === undefined) return values.slice()
  const classes = values.length / (dims.length === 3 ? dims[1]! : 1)
  const logs = values.map((value) => Math.log(Math.max(value, 1e-30)))
  for (let from = 0; from < logs.length; from += classes) {
    const row = logs.subarray(from, from + classes)
    const mean = row.reduce((sum, value) => sum + value, 0) / classes
    for (let i = 0; i < classes; i++) row[i]! -= mean
  }
  return logs
}

async function firstOutput(session: Session, feeds: Feeds): Promise<TensorValue> {
  return Object.values(await session.run(feeds))[0]!
}

function percent<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return (100 * items.filter(holds).length) / items.length
}
