// Masks: minus infinity, and what exporters write for it, on its way to a Softmax. What is masked must stay masked, and no scale may make room for it.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { quantize } from '../../src/index.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import type { NodeProto, TensorProto, TensorValue } from '../../src/onnx/types.js'
import { floats, longs, model, node } from '../onnx/models.js'
import { temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const SAMPLES = 8
const LOWEST = -3.4028234663852886e38

const float = (dims: readonly number[], values: readonly number[]): TensorValue => ({
  type: 'float32',
  dims,
  data: Float32Array.from(values),
})

/** Of sample i: x has 2 rows of 4 values. m is 1 for what is kept; low is 0 there, and minus infinity for the others. */
const inputs: Readonly<Record<string, (i: number) => TensorValue>> = {
  x: (i) =>
    float(
      [1, 2, 4],
      Array.from({ length: 8 }, (_, at) => Math.sin(at * at + i)),
    ),
  m: (i) => float([1, 1, 4], [1, 1, i % 2, 0]),
  low: (i) => float([1, 1, 4], [0, 0, i % 2 ? 0 : LOWEST, LOWEST]),
}

const constants: readonly TensorProto[] = [
  floats('w', [4, 4]),
  floats('one', [], [1]),
  floats('half', [], [0.5]),
  floats('lowest', [1], [LOWEST]),
  floats('low4', [1], [-1e4]),
  floats('infinite', [], [Number.NEGATIVE_INFINITY]),
  floats('column', [1, 2, 1], [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  floats('update', [2], [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  longs('places', [2, 3], [0, 0, 3, 0, 1, 3]),
  longs('pads', [6], [0, 0, 0, 0, 0, 1]),
  longs('dims', [3], [1, 2, 4]),
]

const scores = node('MatMul', ['x', 'w'], ['s'])
const kept = node('Greater', ['m', 'half'], ['kept'])
const softmax = (from: string) => node('Softmax', [from], ['y'], [makeAttribute('axis', -1)])
const withMask = (from: string, mask: string) => [node('Add', [from, mask], ['sum']), softmax('sum')]

/** Values that a model gives for every sample, one after the other. */
async function valuesOf(file: string, names: readonly string[]): Promise<number[]> {
  const session = await createSession(file)
  const values: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    const { y } = await session.run(Object.fromEntries(names.map((name) => [name, inputs[name]!(i)])))
    values.push(...Array.from(y!.data, Number))
  }
  await session.release()
  return values
}

it.each<[string, readonly NodeProto[]]>([
  ['fed as a float mask', withMask('s', 'low')],
  [
    'made of a mask of zeros and ones',
    [node('Sub', ['one', 'm'], ['left']), node('Mul', ['left', 'lowest'], ['mask']), ...withMask('s', 'mask')],
  ],
  [
    'as -10000, which scores that are added bring nearer to zero,',
    [node('Sub', ['one', 'm'], ['left']), node('Mul', ['left', 'low4'], ['mask']), ...withMask('s', 'mask')],
  ],
  ['chosen by a Where before a sum', [kept, node('Where', ['kept', 's', 'infinite'], ['z']), ...withMask('z', 'low')]],
  [
    'expanded and chosen',
    [node('Expand', ['infinite', 'dims'], ['wide']), kept, node('Where', ['kept', 's', 'wide'], ['z']), softmax('z')],
  ],
  ['written by a ScatterND', [node('ScatterND', ['s', 'places', 'update'], ['z']), ...withMask('z', 'low')]],
  ['joined by a Concat', [node('Concat', ['s', 'column'], ['z'], [makeAttribute('axis', -1)]), softmax('z')]],
  ['padded', [node('Pad', ['s', 'pads', 'infinite'], ['z']), softmax('z')]],
])('minus infinity %s stays next to nothing of a Softmax, and the others keep their steps', async (title, nodes) => {
  const read = new Set([scores, ...nodes].flatMap(({ input }) => input))
  const names = Object.keys(inputs).filter((name) => read.has(name))
  const proto = model({
    inputs: Object.fromEntries(names.map((name) => [name, inputs[name]!(0).dims])),
    nodes: [scores, ...nodes],
    constants: constants.filter(({ name }) => read.has(name)),
  })
  const name = title.replaceAll(' ', '_')
  const path = write(proto, folder, `${name}.onnx`)
  const dataset = {
    size: () => SAMPLES,
    load: (i: number) => ({ inputs: Object.fromEntries(names.map((one) => [one, inputs[one]!(i)])) }),
  }
  const saveDir = join(folder, name)
  await quantize({
    model: path,
    saveDir,
    dataset,
    iterations: 'all',
    modes: ['min_max'],
    zeroPoints: 'none',
    cpuNum: 1,
  })
  const expected = await valuesOf(path, names)
  const got = await valuesOf(join(saveDir, `${name}_quantize.onnx`), names)
  const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - got[at]!)), 0)
  expect(worst).toBeLessThan(0.02)
})
