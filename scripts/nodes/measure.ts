// One of ONNX's tests as a user would bring it to squire: its model in a file, samples made of its own inputs, one quantization, and how far the
// integer model and the QDQ model are from the float model.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { convertOpset } from '../../src/emit/opset/convertOpset.js'
import { messageOf } from '../../src/errors.js'
import { type Dataset, quantize, SquireError } from '../../src/index.js'
import { fromFloat16, toFloat16 } from '../../src/onnx/elements/float16.js'
import { encodeModel, opsetOf } from '../../src/onnx/model.js'
import { makeNode } from '../../src/onnx/node.js'
import { isStandardDomain } from '../../src/onnx/operators.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { DataType, type ModelProto, type TensorProto, type TensorValue } from '../../src/onnx/types.js'
import type { Report } from '../../src/report/data/report.js'
import { asValue, isFloat, type NodeTest } from './tests.js'

/** Which inputs samples bring: all of them, or the first of floats alone, where the others are constants of the model. */
export type Form = 'all' | 'first'

/** What became of a test. SQNR in dB of the worst float output; 999 where there is no difference, -Infinity where dims or infinities differ, undefined where no output is float. */
export type Outcome =
  | { readonly kind: 'nothing to quantize' | 'not run' | 'random'; readonly message?: string }
  | { readonly kind: 'refused' | 'crash'; readonly message: string }
  | Measured

export interface Measured {
  readonly kind: 'measured'
  /** Operators in integers, the sums in front of the inputs among them. */
  readonly integers: number
  /** Reason of each operator that runs in float. */
  readonly float: readonly string[]
  readonly integer: number | undefined
  readonly qdq: number | undefined
  /** Share of equal elements in the outputs that are not float; undefined where there are none. */
  readonly equal: number | undefined
}

type Feeds = Readonly<Record<string, TensorValue>>

const SAMPLES = 4

/** Undefined where the form would be that of 'all'. */
export async function measure(test: NodeTest, form: Form, folder: string): Promise<Outcome | undefined> {
  const { proto, inputs } = test
  const first = [...(inputs ?? [])].find(([, tensor]) => isFloat(tensor))?.[0]
  if (inputs === undefined || first === undefined) return form === 'all' ? { kind: 'nothing to quantize' } : undefined
  if (form === 'first' && inputs.size === 1) return undefined
  if (proto.graph.node.some(({ opType }) => random.has(opType))) return { kind: 'random' }
  const fed = new Map([...inputs].filter(([name]) => form === 'all' || name === first))
  const constants = [...inputs].flatMap(([name, tensor]) => (fed.has(name) ? [] : [tensor]))
  const brought = withConstants(proto, constants)
  const isOld = brought.opsetImport.some(({ domain }) => isStandardDomain(domain)) && opsetOf(brought) < FIRST_SUM
  const whole = isOld ? convertOpset(brought, FIRST_SUM, []) : brought
  const floats = new Set([...fed].flatMap(([name, tensor]) => (isFloat(tensor) ? [name] : [])))
  const summed = whole.opsetImport.some(({ domain }) => isStandardDomain(domain))
  const model = summed ? behindSums(whole, floats) : whole
  const samples = Array.from({ length: SAMPLES }, (_, i) => sample(fed, i, summed))
  const expected = await runAll(encodeModel(model), samples).catch(async () =>
    // Values in other places are no scales for a Resize, for one.
    runAll(encodeModel(model), samples.slice(0, 1)).catch(messageOf),
  )
  if (typeof expected === 'string') return { kind: 'not run', message: expected }
  return quantized(model, samples.slice(0, expected.length), expected, folder)
}

/** A model with one of these gives other numbers each time: there is nothing to compare a quantized model with. */
const random: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
])

/** ONNX Runtime has no Add of earlier opsets: their models are converted first, as squire itself converts them. */
const FIRST_SUM = 7

function withConstants(proto: ModelProto, constants: readonly TensorProto[]): ModelProto {
  const names = new Set(constants.map(({ name }) => name))
  const { graph } = proto
  const input = graph.input.filter(({ name }) => !names.has(name))
  return { ...proto, graph: { ...graph, input, initializer: [...graph.initializer, ...constants] } }
}

/**
 * Every float input is the sum of what is fed with itself: operators stand behind others in networks, and what only moves values at the edge of a
 * model would stay in float.
 */
function behindSums(proto: ModelProto, names: ReadonlySet<string>): ModelProto {
  const { graph } = proto
  const halfOf = (name: string) => `${name}_half`
  const sums = [...names].map((name) => makeNode('Add', [halfOf(name), halfOf(name)], [name], [], `${name}_sum`))
  const input = graph.input.map((info) => (names.has(info.name) ? { ...info, name: halfOf(info.name) } : info))
  return { ...proto, graph: { ...graph, input, node: [...sums, ...graph.node] } }
}

/** The test's own inputs, halves of them where they are summed, and with the same float values in other places: those are in an operator's domain too. */
function sample(inputs: ReadonlyMap<string, TensorProto>, index: number, summed: boolean): Feeds {
  return Object.fromEntries(
    [...inputs].map(([name, tensor]) => {
      const value = asValue(tensor)
      if (!isFloat(tensor)) return [name, value]
      const half = (x: number) => (value.type === 'float16' ? toFloat16(fromFloat16(x) / 2) : x / 2)
      const { length } = value.data
      const data = value.data.slice()
      for (let i = 0; i < length; i++)
        data[(i + index * Math.ceil(length / 3)) % length] = summed ? half(Number(value.data[i])) : value.data[i]!
      return [summed ? `${name}_half` : name, { ...value, data }]
    }),
  )
}

async function runAll(model: string | Uint8Array, samples: readonly Feeds[]): Promise<Feeds[]> {
  const session = await createSession(model)
  const results: Feeds[] = []
  try {
    for (const feeds of samples) results.push(await session.run(asTaken(feeds, session.inputs)))
  } finally {
    await session.release()
  }
  return results
}

/** Written models take float32 where the source had another precision. */
function asTaken(feeds: Feeds, inputs: readonly { readonly name: string; readonly dataType: number }[]): Feeds {
  const single = new Set(inputs.filter(({ dataType }) => dataType === DataType.FLOAT).map(({ name }) => name))
  return Object.fromEntries(
    Object.entries(feeds).map(([name, value]) => {
      if (!single.has(name)) return [name, value]
      return [
        name,
        { type: 'float32', dims: value.dims, data: Float32Array.from(numbers(value)) } satisfies TensorValue,
      ]
    }),
  )
}

async function quantized(
  model: ModelProto,
  samples: readonly Feeds[],
  expected: readonly Feeds[],
  folder: string,
): Promise<Outcome> {
  const file = join(folder, 'test.onnx')
  const saveDir = join(folder, 'out')
  await mkdir(saveDir, { recursive: true })
  await writeFile(file, encodeModel(model))
  const dataset: Dataset = { size: () => samples.length, load: (i) => ({ inputs: copied(samples[i]!) }) }
  try {
    await quantize({
      model: file,
      saveDir,
      dataset,
      iterations: 'all',
      modes: ['min_max'],
      cpuNum: 1,
      compareIteration: 0,
      outputDequant: true,
    })
    const report = JSON.parse(await readFile(join(saveDir, 'report.json'), 'utf8')) as Report
    const results = async (name: string) => runAll(join(saveDir, name), samples)
    const integer = await results('test_quantize.onnx')
    const qdq = await results('test_qdq.onnx')
    return {
      kind: 'measured',
      integers: report.operators.filter(({ kind }) => kind !== 'fallback').length,
      float: report.operators.flatMap(({ reason, nodes }) => (reason === null ? [] : `${nodes[0]}: ${reason}`)),
      integer: leastSqnr(expected, integer),
      qdq: leastSqnr(expected, qdq),
      equal: equalShare(expected, integer),
    }
  } catch (error) {
    if (error instanceof SquireError) return { kind: 'refused', message: error.message }
    return { kind: 'crash', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const copied = (feeds: Feeds): Feeds =>
  Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, { ...value, data: value.data.slice() }]))

const floatTypes: readonly string[] = ['float16', 'float32', 'float64']

function numbers({ type, data }: TensorValue): number[] {
  return Array.from<number | bigint, number>(data, (x) => (type === 'float16' ? fromFloat16(Number(x)) : Number(x)))
}

/** Signal to noise of the worst float output over all samples. */
function leastSqnr(expected: readonly Feeds[], got: readonly Feeds[]): number | undefined {
  const outputs = Object.entries(expected[0]!).filter(([, { type }]) => floatTypes.includes(type))
  const ratios = outputs.map(([name]) => {
    let [signal, noise] = [0, 0]
    for (const [i, sample] of expected.entries()) {
      const [wanted, given] = [numbers(sample[name]!), numbers(got[i]![name]!)]
      if (wanted.length !== given.length) return Number.NEGATIVE_INFINITY
      for (const [j, x] of wanted.entries()) {
        // Infinities and NaN that are the same on both sides are no noise.
        if (Object.is(x, given[j]) && !Number.isFinite(x)) continue
        signal += x * x
        noise += (x - given[j]!) ** 2
      }
    }
    if (!Number.isFinite(noise)) return Number.NEGATIVE_INFINITY
    return noise === 0 ? 999 : 10 * Math.log10(signal / noise)
  })
  return ratios.length === 0 ? undefined : Math.min(...ratios)
}

function equalShare(expected: readonly Feeds[], got: readonly Feeds[]): number | undefined {
  let [equal, count] = [0, 0]
  for (const [i, sample] of expected.entries()) {
    for (const [name, wanted] of Object.entries(sample)) {
      if (floatTypes.includes(wanted.type)) continue
      const given = got[i]![name]!.data
      count += wanted.data.length
      for (let j = 0; j < wanted.data.length; j++) if (wanted.data[j] === given[j]) equal++
    }
  }
  return count === 0 ? undefined : equal / count
}
