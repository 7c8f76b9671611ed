// Samples stacked into one forward pass, and one by one: the same statistics, the same complaints.

import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeObserved } from '../../src/calibrate/observed.js'
import { prepare } from '../../src/calibrate/prepare.js'
import { openDataset } from '../../src/dataset/datasets.js'
import type { SamplesTask } from '../../src/engine/protocol.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { createBuffer, readBuffer } from '../../src/histogram/buffer.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { modelInputs, readModel, writeModel } from '../../src/onnx/model.js'
import { makeNode } from '../../src/onnx/node.js'
import type { ModelProto } from '../../src/onnx/types.js'
import { oneWidth } from '../../src/plan/options.js'
import { runSamples } from '../../workers/samples.js'
import { expectSame } from '../histogram/same.js'
import { temporaryFolder } from '../onnx/folder.js'
import { floats, longs, model } from '../onnx/models.js'

const at = temporaryFolder()

const images = model({
  nodes: [
    makeNode('Conv', ['x', 'w', 'b'], ['c']),
    makeNode('Relu', ['c'], ['r']),
    makeNode('GlobalAveragePool', ['r'], ['y']),
  ],
  constants: [floats('w', [20, 3, 2, 2]), floats('b', [20])],
  inputs: { x: ['N', 3, 'H', 'W'] },
})

/** Products with one summand each: no order of summation tells. */
const turned = Array.from({ length: 25 }, (_, i) => (i % 6 === 4 ? 3 : 0))

/** Of a fixed batch, and with the steps of sequences before it: m is [18, 1, 5]. */
const sequences = model({
  nodes: [
    makeNode('Reshape', ['x', 'rows'], ['r']),
    makeNode('Transpose', ['r'], ['t'], [makeAttribute('perm', [1, 0, 2])]),
    makeNode('MatMul', ['t', 'turned'], ['m']),
    makeNode('Transpose', ['m'], ['y'], [makeAttribute('perm', [1, 0, 2])]),
  ],
  constants: [longs('rows', [3], [1, 18, 5]), floats('turned', [5, 5], turned)],
  inputs: { x: [1, 3, 6, 5] },
})

/** 21 samples of 6x5, but for those at `large` (7x7) and those at `bad` (Infinity). The metric lists what it was given. */
const script = (large: readonly number[], bad: readonly number[]) => `
import { defineDataset } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}
export const data = defineDataset(() => ({
  size: () => 21,
  load(index) {
    const dims = ${JSON.stringify(large)}.includes(index) ? [1, 3, 7, 7] : [1, 3, 6, 5]
    const values = Float32Array.from({ length: dims[1] * dims[2] * dims[3] }, (_, i) => Math.sin(i * 0.37 + index))
    if (${JSON.stringify(bad)}.includes(index)) values[3] = 3e38
    return { inputs: [{ data: values, dims }], label: index }
  },
  metric: {
    name: 'list',
    initial: () => [],
    update: (state, [y], label) => [...state, [label, y.data.length, y.data[0]]],
    merge: (a, b) => [...a, ...b],
    value: () => 0,
  },
}))
`

interface Given {
  readonly large?: readonly number[]
  readonly bad?: readonly number[]
  readonly onBadSample?: 'error' | 'skip'
  readonly proto?: ModelProto
}

async function run(stacked: number, { large = [], bad = [], onBadSample = 'error', proto = images }: Given) {
  // A module is loaded once: every variation has a file of its own.
  const file = at(`data-${large.join('-')}-${bad.join('-')}.mjs`)
  writeFileSync(file, script(large, bad))
  await writeModel(proto, at('model.onnx'))
  const source = await readModel(at('model.onnx'))
  const inputs = modelInputs(source.proto)
  const dataset = await openDataset(
    { kind: 'user', script: file, exportName: 'data', data: undefined, batchSize: 1 },
    inputs,
  )
  const prepared = await makeObserved(
    await prepare(source, (await dataset.load(0)).feeds, oneWidth(chipProfile('TX5105C'), 8), at('')),
    at(''),
  )
  expect(prepared.observation.stacked).toBe(32)
  const { tensors } = prepared.observation
  const buffer = createBuffer(tensors)
  const task: SamplesTask = {
    kind: 'samples',
    models: [prepared.observed],
    source: dataset.source,
    samples: Array.from({ length: 21 }, (_, index) => ({ index, id: dataset.id(index) })),
    samplesPerForward: 1,
    observation: { ...prepared.observation, stacked, buffer },
    measure: true,
    inputDims: undefined,
    onBadSample,
    stop: new SharedArrayBuffer(4),
  }
  const answer = await runSamples(task)
  if (answer.kind !== 'done') throw new Error(`the answer is ${answer.kind}`)
  return { histograms: readBuffer(buffer, tensors), task, ...answer }
}

async function expectAlike(given: Given) {
  const one = await run(1, given)
  const eight = await run(8, given)
  for (const [name, histogram] of one.histograms) expectSame(eight.histograms.get(name)!, histogram)
  expect(eight.observed).toBe(one.observed)
  const byIndex = (list: readonly { readonly index: number }[]) => list.toSorted((a, b) => a.index - b.index)
  expect(byIndex(eight.skipped)).toEqual(byIndex(one.skipped))
  const byLabel = (state: unknown) => (state as [number, number, number][]).toSorted(([a], [b]) => a - b)
  expect(byLabel(eight.states[0]).map(([label, length]) => [label, length])).toEqual(
    byLabel(one.states[0]).map(([label, length]) => [label, length]),
  )
  byLabel(eight.states[0]).forEach(([, , value], i) => {
    expect(value).toBeCloseTo(byLabel(one.states[0])[i]![2], 5)
  })
  return eight
}

describe('samples stacked into one forward pass', () => {
  it('give the statistics and outputs of one by one, the last and incomplete stack included', async () => {
    expect((await expectAlike({})).observed).toBe(21)
  })

  it('also where their values alternate', async () => {
    const { task, observed } = await expectAlike({ proto: sequences })
    expect(task.observation!.stackAxes).toEqual({ m: 1 })
    expect(observed).toBe(21)
  })

  it('leave those of other dims to passes of their own', async () => {
    expect((await expectAlike({ large: [2, 3, 20] })).observed).toBe(21)
  })

  it('leave out the bad ones alone', async () => {
    const { observed, skipped } = await expectAlike({ bad: [1, 9, 20], large: [4], onBadSample: 'skip' })
    expect(observed).toBe(18)
    expect(skipped.map(({ index }) => index)).toEqual([1, 9, 20])
  })

  it('run through several models, with a state and a verdict for each', async () => {
    const one = await run(1, { bad: [3], onBadSample: 'skip' })
    const task = { ...one.task, observation: undefined }
    const both = await runSamples({ ...task, models: [one.task.models[0]!, one.task.models[0]!] })
    const alone = await runSamples(task)
    if (both.kind !== 'done' || alone.kind !== 'done') throw new Error('both are done')
    expect(both.states).toEqual([alone.states[0], alone.states[0]])
    expect(both.skipped).toEqual(alone.skipped)
  })

  it('name the bad one', async () => {
    await expect(run(8, { bad: [11] })).rejects.toThrow(
      /^sample "00000011": tensor "[xcry]" is -?Infinity at index \d+;/,
    )
    const message = await run(1, { bad: [11] }).catch((error: Error) => error.message)
    await expect(run(8, { bad: [11] })).rejects.toThrow(message as string)
  })
})
