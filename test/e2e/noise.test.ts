// --noise-shares: what each tensor and each weight adds to the noise at the outputs, in report.json and in the log.

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeModel, encodeModel } from '../../src/onnx/model.js'
import { makeNode } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { floatValues, makeTensor, tensorData, tensorDims } from '../../src/onnx/tensor.js'
import { DataType, type ModelProto, type TensorProto } from '../../src/onnx/types.js'
import type { Report } from '../../src/report/data/report.js'
import { floats } from '../onnx/models.js'
import { classifier, type Ended, fixture, squire, temporaryFolder } from './squire.js'

const folder = temporaryFolder()
const reportOf = (name: string) => readFileSync(join(folder, name, 'report.json'), 'utf8')

/** All of the data take part, in their own order. */
const all = { SQUIRE_TEST_SIZE: '16' }

const run = (name: string, ...words: string[]): Promise<Ended> => {
  const data = ['-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', '16', '--compare-iteration', '0']
  const how = ['-qm', 'kl_v2', '--zero-points', 'none', '-s', join(folder, name), '--json']
  return squire(['quant', '-m', classifier, ...data, ...how, ...words], all)
}

describe('--noise-shares', () => {
  let ended: Ended

  beforeAll(async () => {
    ended = await run('one', '--noise-shares', '2', '-cn', '1')
  }, 120_000)

  it('names the largest shares', () => {
    expect(ended.status, ended.stderr).toBe(0)
    expect(ended.stderr).toMatch(
      /kl_v2, noise at the outputs with one thing quantized at a time \(2 samples\): .*"[^"]+" \d+ %/,
    )
  })

  it('gives every scale and every operator with weights a share', () => {
    const { tensors, operators, quantizations } = JSON.parse(reportOf('one')) as Report
    const { noise } = quantizations[0]!
    expect(noise?.samples).toBe(2)
    for (const [i, { name, scaleOf }] of tensors.entries()) {
      expect(noise!.tensors[i] !== null, name).toBe(scaleOf === name)
    }
    for (const [i, { name, kind }] of operators.entries()) {
      expect(noise!.weights[i] !== null, name).toBe(kind === 'conv' || kind === 'matmul')
    }
  })

  it('gives the same bytes with another number of workers', async () => {
    expect((await run('two', '--noise-shares', '2', '-cn', '2')).status).toBe(0)
    expect(reportOf('two')).toBe(reportOf('one'))
  }, 120_000)

  it('is null where nobody asked', async () => {
    expect((await run('none')).status).toBe(0)
    expect((JSON.parse(reportOf('none')) as Report).quantizations[0]!.noise).toBeNull()
  }, 120_000)

  it('is what one thing rounded by hand does to the scores', async () => {
    const { tensors, operators, quantizations } = JSON.parse(reportOf('one')) as Report
    const { noise, scales } = quantizations[0]!
    const float = readModelOf('steps/optimized.onnx')
    const scores = await scoresOf(float)
    const rounded = [0, 2, 20, 60].map((at) => tensors.findIndex((one, i) => i >= at && one.scaleOf === one.name))
    for (const i of rounded) {
      const members = tensors.flatMap(({ name, scaleOf }) => (scaleOf === tensors[i]!.name ? [name] : []))
      const byHand = noiseOf(scores, await scoresOf(roundingTensors(float, members, scales[i]!)))
      expect(noise!.tensors[i]! / byHand, tensors[i]!.name).toBeCloseTo(1, 2)
    }
    const weighted = operators.flatMap(({ kind }, i) => (kind === 'conv' || kind === 'matmul' ? [i] : []))
    for (const i of [weighted[0]!, weighted[9]!, weighted.at(-1)!]) {
      const byHand = noiseOf(scores, await scoresOf(roundingWeights(float, operators[i]!.name)))
      expect(noise!.weights[i]! / byHand, operators[i]!.name).toBeCloseTo(1, 2)
    }
  }, 120_000)
})

const readModelOf = (file: string) => decodeModel(readFileSync(join(folder, 'one', file)))

/** Of the two samples that the shares were measured on, less their mean: all that the last Softmax reads. */
async function scoresOf(proto: ModelProto): Promise<number[]> {
  const { dataset } = await import(fixture('textlines.mjs'))
  const softmax = proto.graph.node.at(-1)!
  const output = [{ name: softmax.input[0]! }]
  const session = await createSession(encodeModel({ ...proto, graph: { ...proto.graph, output } }))
  const scores: number[] = []
  for (const index of [0, 8]) {
    const { x } = (await dataset.load(index)).inputs
    const [value] = Object.values(await session.run({ x: { type: 'float32', ...x } }))
    const [left, right] = value!.data as Float32Array
    scores.push((left! - right!) / 2, (right! - left!) / 2)
  }
  await session.release()
  return scores
}

function noiseOf(float: readonly number[], quantized: readonly number[]): number {
  const power = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0)
  return power(float.map((value, i) => value - quantized[i]!)) / power(float)
}

/** The model whose nodes read these tensors as whole steps of signed bytes. */
function roundingTensors(proto: ModelProto, names: readonly string[], scale: number): ModelProto {
  const { graph } = proto
  const constants = [floats('step', [], [scale]), floats('low', [], [-128]), floats('high', [], [127])]
  const rounding = (name: string) => [
    makeNode('Div', [name, 'step'], [`${name}_in_steps`]),
    makeNode('Round', [`${name}_in_steps`], [`${name}_whole`]),
    makeNode('Clip', [`${name}_whole`, 'low', 'high'], [`${name}_codes`]),
    makeNode('Mul', [`${name}_codes`, 'step'], [`${name}_rounded`]),
  ]
  const reading = (name: string) => (names.includes(name) ? `${name}_rounded` : name)
  const node = graph.node.flatMap((one) => [
    { ...one, input: one.input.map(reading) },
    ...one.output.filter((name) => names.includes(name)).flatMap(rounding),
  ])
  const inputs = graph.input.flatMap(({ name }) => (names.includes(name) ? rounding(name) : []))
  const initializer = [...graph.initializer, ...constants]
  return { ...proto, graph: { ...graph, node: [...inputs, ...node], initializer } }
}

/** The model with one operator's constants as the QDQ model rounds them. */
function roundingWeights(proto: ModelProto, operator: string): ModelProto {
  const qdq = readModelOf(`${basename(classifier, '.onnx')}_qdq.onnx`).graph
  const { input } = proto.graph.node.find(({ name }) => name === operator)!
  const initializer = proto.graph.initializer.map((one) => {
    const dequantized = qdq.node.find(({ opType, output }) => opType === 'DequantizeLinear' && output[0] === one.name)
    if (!input.includes(one.name) || dequantized === undefined) return one
    const [codes, scale] = dequantized.input.map((name) => qdq.initializer.find((constant) => constant.name === name)!)
    const axis = dequantized.attribute.find(({ name }) => name === 'axis')
    return makeTensor(one.name, DataType.FLOAT, tensorDims(one), realValues(codes!, scale!, Number(axis?.i ?? 1)))
  })
  return { ...proto, graph: { ...proto.graph, initializer } }
}

function realValues(codes: TensorProto, scale: TensorProto, axis: number): Float32Array {
  const dims = tensorDims(codes)
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1)
  const scales = floatValues(scale)
  const integers = tensorData(codes) as ArrayLike<number>
  return Float32Array.from(integers, (code, i) => code * scales[Math.floor(i / inner) % scales.length]!)
}
