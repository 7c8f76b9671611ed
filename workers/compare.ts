// Compares two models on the same inputs, tensor by tensor.

import { stackSamples } from '../src/dataset/batch.js'
import type { Feeds } from '../src/dataset/types.js'
import { centred } from '../src/difference/centred.js'
import { type Difference, differenceOf, encode } from '../src/difference/difference.js'
import { mergeTensors, type TensorDifference } from '../src/difference/tensors.js'
import type {
  ComparedTensor,
  CompareForwardAnswer,
  CompareForwardTask,
  CompareSamplesAnswer,
  CompareSamplesTask,
  Comparison,
  ModelFile,
} from '../src/engine/protocol.js'
import { SquireError } from '../src/errors.js'
import type { TensorValue } from '../src/onnx/types.js'
import { datasetOf } from './datasets.js'
import { loadAhead, otherDims } from './load.js'
import { sessionOf } from './models.js'
import { portable } from './portable.js'

type Values = Readonly<Record<string, TensorValue>>

/** Samples being loaded while one is compared. */
const LOADED_AHEAD = 2

export async function runCompareSamples(task: CompareSamplesTask): Promise<CompareSamplesAnswer> {
  const { comparison, samplesPerForward: perForward } = task
  const dataset = await datasetOf(task.source, comparison.reference.inputs)
  const stop = new Int32Array(task.stop)
  let differences: readonly TensorDifference[] = []
  let compared = 0
  let batch: Feeds[] = []
  for await (const { loaded } of loadAhead(task.samples, Math.max(LOADED_AHEAD, perForward), dataset)) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    if (loaded.kind === 'good') batch.push(loaded.feeds)
    else if (task.onBadSample === 'error') throw loaded.reason
    // A last batch that is not full is left out: padding would count as data.
    if (batch.length < perForward) continue
    const { found } = await compare(comparison, stackSamples(batch, perForward))
    differences = mergeTensors(differences, found)
    if (found.length > 0) compared += batch.length
    batch = []
  }
  return { kind: 'done', differences, compared }
}

export async function runCompareForward(task: CompareForwardTask): Promise<CompareForwardAnswer> {
  const { found, values } = await compare(task.comparison, task.feeds, task.outputs, task.known)
  const outputs = task.outputs.map((name) => ({ name, value: portable(values[name]!) }))
  return { kind: 'done', outputs, differences: found }
}

/**
 * One forward pass of all models. `outputs` are further ones of the reference that are wanted, `known` tensors that it need not compute. Nothing is
 * found where the inputs have dims that the candidate does not take: a quantized model is static.
 */
async function compare(comparison: Comparison, feeds: Feeds, outputs: readonly string[] = [], known: Values = {}) {
  const { reference, candidate, own, tensors } = comparison
  const beside = openTogether(comparison)
  const wanted = unique([...outputs, ...tensors.map((tensor) => tensor.reference)])
  const missing = wanted.filter((output) => !Object.hasOwn(feeds, output) && !Object.hasOwn(known, output))
  const run = missing.length === 0 ? {} : await (await sessionOf(reference, beside)).run(feeds, missing)
  const values: Values = { ...feeds, ...known, ...run }
  if (otherDims(feeds, fixedDims(candidate.inputs)) !== undefined) return { found: [], values }
  const accumulated = await (await sessionOf(candidate, beside))
    .run(feeds, unique(tensors.map((tensor) => tensor.candidate)))
    .then((gathered) => tensors.map((tensor) => differ(values, gathered[tensor.candidate]!, tensor)))
  const alone = own && (await (await sessionOf(own, beside)).run(ownFeeds(own, tensors, values), ownOutputs(tensors)))
  const found = tensors.map((tensor, i): TensorDifference => {
    const written = tensor.ownOutput === undefined ? undefined : alone?.[tensor.ownOutput]
    return { accumulated: accumulated[i]!, own: written && differ(values, written, tensor) }
  })
  return { found, values }
}

/** Models that stay open from sample to sample. Of large ones none does: opening what is mapped takes less time than a pass. */
function openTogether({ reference, candidate, own }: Comparison): readonly ModelFile[] {
  const models = [reference, candidate, ...(own === undefined ? [] : [own])]
  return models.every(({ mapped }) => mapped) ? [] : models
}

/** The model's own inputs, and the codes of what each operator reads. */
function ownFeeds(own: ModelFile, tensors: readonly ComparedTensor[], values: Values): Values {
  const encoded = tensors.flatMap(({ reference, codes, ownInput }) => {
    if (codes === undefined || ownInput === undefined) return []
    const { dims, data } = values[reference]!
    return [[ownInput, { type: 'float32', dims, data: encode(numbers(data), codes) }] as const]
  })
  const fed = new Map<string, TensorValue>(encoded)
  return Object.fromEntries(own.inputs.map(({ name }) => [name, fed.get(name) ?? values[name]!]))
}

function ownOutputs(tensors: readonly ComparedTensor[]): string[] {
  return tensors.flatMap(({ ownOutput }) => ownOutput ?? [])
}

function differ(
  values: Values,
  candidate: TensorValue,
  { reference, codes, centred: axes }: ComparedTensor,
): Difference {
  const expected = values[reference]!
  if (expected.data.length !== candidate.data.length) {
    const [of, as] = [expected, candidate].map(({ dims }) => `[${dims.join(', ')}]`)
    throw new SquireError('MODEL', `tensor "${reference}" has dims ${of} in one model and ${as} in the other`)
  }
  const [real, made] = [numbers(expected.data), numbers(candidate.data)]
  if (axes === undefined) return differenceOf(real, made, codes)
  const read = codes === undefined ? made : multiplied(made, codes.scale)
  return differenceOf(centred(real, expected.dims, axes), centred(read, expected.dims, axes), undefined)
}

function multiplied(values: ArrayLike<number>, factor: number): Float64Array {
  // The mapping form of Float64Array.from takes ten times as long.
  const result = new Float64Array(values.length)
  for (let i = 0; i < result.length; i++) result[i] = values[i]! * factor
  return result
}

/** 64-bit integers are the shapes and indices of a graph: nothing is lost that is compared. */
function numbers(data: TensorValue['data']): ArrayLike<number> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data
}

/** Dims that an input must have: a quantized model is static. */
function fixedDims(inputs: ModelFile['inputs']): Readonly<Record<string, readonly number[]>> {
  const isFixed = (dims: readonly (number | string)[]): dims is readonly number[] =>
    dims.every((dim) => typeof dim === 'number')
  return Object.fromEntries(inputs.flatMap(({ name, dims }) => (isFixed(dims) ? [[name, dims] as const] : [])))
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
