// What Knight has for other chips and other frameworks: using it is an error that says what to do instead.

import * as v from 'valibot'
import { listed } from '../errors.js'
import type { Value } from './values.js'

/** Why squire refuses a name of Knight's: completes "--name ...". */
export interface Foreign {
  readonly short: string
  readonly why: string
}

const otherChip = (short: string): Foreign => ({ short, why: 'is not for this chip' })

/** How each framework writes ONNX itself. */
const exporters = {
  pytorch: 'export the model with torch.onnx.export(model, inputs, "model.onnx")',
  paddle: 'export the model with paddle2onnx --model_dir DIR --save_file model.onnx',
  tensorflow: 'export the model with python -m tf2onnx.convert --saved-model DIR --output model.onnx',
  caffe: 'Caffe has no exporter of its own: convert the model with caffe2onnx',
} as const
type Framework = keyof typeof exporters

const otherFramework = (short: string, framework: Framework): Foreign => ({
  short,
  why: `is for ${framework} models: ${exporters[framework]}, then pass it with -m`,
})

export const foreign: Readonly<Record<string, Foreign>> = {
  'spin-quant': otherChip('sp'),
  'ts-drop': otherChip('td'),
  'weight-mode': otherChip('wm'),
  w: otherFramework('w', 'caffe'),
  snn: otherFramework('snn', 'tensorflow'),
  enn: otherFramework('enn', 'tensorflow'),
  c2chw: otherFramework('c2chw', 'tensorflow'),
}

const frameworks = ['onnx', ...Object.keys(exporters)]

/** 'onnx' alone is read; the error of another framework names its exporter. */
export const frameworkValue: Value<'onnx'> = {
  schema: v.literal('onnx'),
  form: 'one',
  placeholder: 'NAME',
  expected: listed(['onnx']),
  words: frameworks,
}

/** Why a framework's model cannot be read; undefined for a word that is no framework. */
export function frameworkAdvice(framework: unknown): string | undefined {
  if (typeof framework !== 'string' || !Object.hasOwn(exporters, framework)) return undefined
  return `squire reads ONNX models only, not ${framework}: ${exporters[framework as Framework]}, then pass it with -m`
}
