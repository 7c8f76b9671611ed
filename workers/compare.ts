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
  OwnModel,
} from '../src/engine/protocol.js'
import { SquireError } from '../src/errors.js'
import { collectArrays, LEAST_WORKER_BYTES } from '../src/garbage.js'
import type { Session } from '../src/onnx/session.js'
import type { TensorValue } from '../src/onnx/types.js'
import { datasetOf } from './datasets.js'
import { loadAhead, otherDims } from './load.js'
import { sessionOf } from './models.js'
import { portable } from './portable.js'

type Values = Readonly<Record<string, TensorValue>>

/** Samples being loaded while one is compared. */
const LOADED_AHEAD = 2

export async function runCompareSamples(task: CompareSamplesTask): Promise<CompareSamplesAnswer> {
  const { comparisons, samplesPerForward: perForward } = task
  const dataset = await datasetOf(task.source, comparisons[0]!.reference.inputs)
  const stop = new Int32Array(task.stop)
  const sum = new Sum(comparisons)
  let batch: Feeds[] = []
  let waiting: Feeds[] = []
  for await (const { loaded } of loadAhead(task.samples, Math.max(LOADED_AHEAD, perForward), dataset)) {
    if (Atomics.load(stop, 0) !== 0) return { kind: 'stopped' }
    if (loaded.kind === 'good') batch.push(loaded.feeds)
    else if (task.onBadSample === 'error') throw loaded.reason
    // A last batch that is not full is left out: padding would count as data.
    if (batch.length < perForward) continue
    waiting.push(stackSamples(batch, perForward))
    batch = []
    if (waiting.length < sum.forwardsAtOnce) continue
    await sum.add(waiting)
    waiting = []
  }
  await sum.add(waiting)
  return { kind: 'done', differences: sum.differences, compared: sum.forwards * perForward }
}

/**
 * Forward passes that large models make one model after the other: opening what is mapped takes a pass or so, and its memory is free again for the
 * next model.
 */
const MOST_FORWARDS = 4

/** Bytes of the reference's tensors that wait for the next model. */
const MOST_WAITING = 32 * 2 ** 20

class Sum {
  differences: readonly TensorDifference[] = []
  /** Those that were compared. */
  forwards = 0
  /** One, until the first has told how large the tensors are. */
  forwardsAtOnce = 1
  readonly #comparisons: readonly Comparison[]

  constructor(comparisons: readonly Comparison[]) {
    this.#comparisons = comparisons
  }

  async add(feeds: readonly Feeds[]): Promise<void> {
    for (const { found, values } of await compare(
      this.#comparisons,
      feeds.map((one) => ({ feeds: one })),
    )) {
      this.forwardsAtOnce = this.#mostOf(values)
      this.differences = mergeTensors(this.differences, found)
      if (found.length > 0) this.forwards++
    }
  }

  #mostOf(values: Values): number {
    if (!modelsOf(this.#comparisons).some(({ mapped }) => mapped)) return 1
    const bytes = Object.values(values).reduce((total, { data }) => total + data.byteLength, 0)
    return Math.min(Math.max(Math.floor(MOST_WAITING / bytes), 1), MOST_FORWARDS)
  }
}

export async function runCompareForward(task: CompareForwardTask): Promise<CompareForwardAnswer> {
  const [{ found, values }] = (await compare(task.comparisons, [task], task.outputs)) as [Compared]
  const outputs = task.outputs.map((name) => ({ name, value: portable(values[name]!) }))
  return { kind: 'done', outputs, differences: found }
}

/** Every tensor is an output here: a runtime that kept their memory would hold all tensors of each model, beside the copies that are compared. */
function sessionFor(model: ModelFile, beside: readonly ModelFile[]): Promise<Session> {
  return sessionOf(model, beside, { isFrugal: true })
}

interface Compared {
  /** Nothing where the inputs have dims that a candidate does not take: a quantized model is static. */
  readonly found: readonly TensorDifference[]
  /** The inputs, and what the reference makes of them. */
  readonly values: Values
}

/** A forward pass, and tensors of the reference that it need not compute. */
type Pass = Pick<CompareForwardTask, 'feeds' | 'known'>

/** Forward passes of all models. `outputs` are further ones of the reference that are wanted. */
async function compare(
  comparisons: readonly Comparison[],
  passes: readonly Pass[],
  outputs: readonly string[] = [],
): Promise<Compared[]> {
  const beside = openTogether(comparisons)
  const compared = comparisons.flatMap(({ tensors, own }) =>
    [...tensors, ...(own?.fed ?? [])].map(({ reference }) => reference),
  )
  const wanted = unique([...outputs, ...compared])
  const values: Values[] = []
  for (const { feeds, known } of passes) {
    const given: Values = { ...feeds, ...known }
    const missing = wanted.filter((output) => !Object.hasOwn(given, output))
    const isComplete = missing.length === 0
    const run = isComplete ? {} : await (await sessionFor(comparisons[0]!.reference, beside)).run(feeds, missing)
    values.push({ ...given, ...run })
  }
  const isTaken = (one: Feeds) =>
    comparisons.every(({ candidate }) => otherDims(one, fixedDims(candidate.inputs)) === undefined)
  const taken = values.filter((_, i) => isTaken(passes[i]!.feeds))
  const found = new Map(taken.map((one) => [one, [] as TensorDifference[]]))
  for (const comparison of comparisons) {
    const differences = await differencesOf(comparison, taken, beside)
    for (const [i, one] of taken.entries()) found.get(one)!.push(...differences[i]!)
  }
  return values.map((one) => ({ found: found.get(one) ?? [], values: one }))
}

/** Of each forward pass, tensor by tensor. */
async function differencesOf(
  { candidate, own, tensors }: Comparison,
  passes: readonly Values[],
  beside: readonly ModelFile[],
): Promise<TensorDifference[][]> {
  const accumulated: (Difference | undefined)[][] = []
  for (const values of passes) {
    const session = await sessionFor(candidate, beside)
    accumulated.push(
      await differencesIn(session, feedsOf(candidate, values), { values, tensors, outputOf: ofCandidate }),
    )
    collectArrays(LEAST_WORKER_BYTES)
  }
  const found: TensorDifference[][] = []
  for (const [pass, values] of passes.entries()) {
    const session = own && (await sessionFor(own.file, beside))
    const alone = session && (await differencesIn(session, ownFeeds(own, values), { values, tensors, outputOf: ofOwn }))
    found.push(tensors.map((_, i) => ({ accumulated: accumulated[pass]![i]!, own: alone?.[i] })))
    collectArrays(LEAST_WORKER_BYTES)
  }
  return found
}

interface Outputs {
  /** The reference's. */
  readonly values: Values
  readonly tensors: readonly ComparedTensor[]
  /** Undefined where the model has nothing in a tensor's place. */
  readonly outputOf: (tensor: ComparedTensor) => string | undefined
}

const ofCandidate = ({ candidate }: ComparedTensor) => candidate
const ofOwn = ({ ownOutput }: ComparedTensor) => ownOutput

/** One forward pass. What it writes is garbage afterwards. */
async function differencesIn(session: Session, feeds: Values, { values, tensors, outputOf }: Outputs) {
  const written = await session.run(feeds, unique(tensors.flatMap((tensor) => outputOf(tensor) ?? [])))
  return tensors.map((tensor) => {
    const output = outputOf(tensor)
    return output === undefined ? undefined : differ(values, written[output]!, tensor)
  })
}

function feedsOf({ inputs }: ModelFile, values: Values): Values {
  return Object.fromEntries(inputs.map(({ name }) => [name, values[name]!]))
}

function modelsOf(comparisons: readonly Comparison[]): ModelFile[] {
  return comparisons.flatMap(({ reference, candidate, own }) => [
    reference,
    candidate,
    ...(own === undefined ? [] : [own.file]),
  ])
}

/** Models that stay open from sample to sample. Large ones do not. */
function openTogether(comparisons: readonly Comparison[]): readonly ModelFile[] {
  return modelsOf(comparisons).filter(({ mapped }) => !mapped)
}

/** The model's own inputs, and the codes of what each operator reads. */
function ownFeeds({ file, fed }: OwnModel, values: Values): Values {
  const encoded = fed.map(({ input, reference, codes }) => {
    const { dims, data } = values[reference]!
    return [input, { type: 'float32', dims, data: encode(numbers(data), codes) }] as const
  })
  const inputs = new Map<string, TensorValue>(encoded)
  return Object.fromEntries(file.inputs.map(({ name }) => [name, inputs.get(name) ?? values[name]!]))
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
