// Forward passes of compared models, and how far their tensors are apart. All comparisons share the passes of one reference; each candidate, and the
// models of its operators alone, run on the same inputs.

import type { Feeds } from '../src/dataset/types.js'
import { type Difference, encode } from '../src/difference/difference.js'
import type { TensorDifference } from '../src/difference/tensors.js'
import type { ComparedTensor, Comparison, OwnModel } from '../src/engine/comparison.js'
import type { CompareForwardTask, ModelFile } from '../src/engine/protocol.js'
import { collectArrays, LEAST_WORKER_BYTES } from '../src/garbage.js'
import type { Session } from '../src/onnx/runtime/session.js'
import type { TensorValue } from '../src/onnx/types.js'
import { otherDims } from './load.js'
import { sessionOf } from './models.js'
import { numbersOf, tensorDifference } from './tensorDifference.js'

export type Values = Readonly<Record<string, TensorValue>>

export interface ComparedPass {
  /** Of the tensors of all comparisons, one after the other; empty where a candidate does not take the inputs' dims: a quantized model is static. */
  readonly found: readonly TensorDifference[]
  /** The inputs and the tensors of the reference. */
  readonly values: Values
}

/** A forward pass, and tensors of the reference that it need not compute. */
type Pass = Pick<CompareForwardTask, 'feeds' | 'known'>

/** @param outputs outputs of the reference that are wanted beside those that are compared */
export async function comparePasses(
  comparisons: readonly Comparison[],
  passes: readonly Pass[],
  outputs: readonly string[] = [],
): Promise<ComparedPass[]> {
  const beside = openTogether(comparisons)
  const values = await referenceValues(comparisons, passes, outputs, beside)
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

/** Of each pass: its inputs, and the tensors of the reference that any comparison reads. */
async function referenceValues(
  comparisons: readonly Comparison[],
  passes: readonly Pass[],
  outputs: readonly string[],
  beside: readonly ModelFile[],
): Promise<Values[]> {
  const compared = comparisons.flatMap(({ tensors, own }) =>
    [...tensors, ...own.flatMap(({ fed }) => fed)].map(({ reference }) => reference),
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
  return values
}

/** The differences of each pass, in the order of the comparison's tensors. */
async function differencesOf(
  comparison: Comparison,
  passes: readonly Values[],
  beside: readonly ModelFile[],
): Promise<TensorDifference[][]> {
  const { candidate, tensors } = comparison
  const written = tensors.map((tensor): Written => [tensor, tensor.candidate])
  const accumulated: ByTensor[] = []
  for (const values of passes) {
    const session = await sessionFor(candidate, beside)
    accumulated.push(await differencesIn(session, feedsOf(candidate, values), values, written))
    collectArrays(LEAST_WORKER_BYTES)
  }
  const own = await ownDifferences(comparison, passes, beside)
  return passes.map((_, pass) =>
    tensors.map((tensor) => ({ accumulated: accumulated[pass]!.get(tensor)!, own: own[pass]!.get(tensor) })),
  )
}

/** The differences of each pass that operators alone make. */
async function ownDifferences(
  { own, tensors }: Comparison,
  passes: readonly Values[],
  beside: readonly ModelFile[],
): Promise<ByTensor[]> {
  const found = passes.map(() => new Map<ComparedTensor, Difference>())
  for (const model of own) {
    const outputs = new Set(model.file.outputs)
    const part = tensors.flatMap((tensor): Written[] => {
      const { ownOutput } = tensor
      return ownOutput !== undefined && outputs.has(ownOutput) ? [[tensor, ownOutput]] : []
    })
    for (const [pass, values] of passes.entries()) {
      const session = await sessionFor(model.file, beside)
      const differences = await differencesIn(session, ownFeeds(model, values), values, part)
      for (const [tensor, difference] of differences) found[pass]!.set(tensor, difference)
      collectArrays(LEAST_WORKER_BYTES)
    }
  }
  return found
}

/** A tensor, and the output of a model that stands for it. */
type Written = readonly [tensor: ComparedTensor, output: string]
type ByTensor = ReadonlyMap<ComparedTensor, Difference>

/** One forward pass of a candidate, or of a model of its operators alone, beside the reference's tensors. Its outputs are garbage afterwards. */
async function differencesIn(
  session: Session,
  feeds: Values,
  values: Values,
  written: readonly Written[],
): Promise<ByTensor> {
  const found = await session.run(feeds, unique(written.map(([, output]) => output)))
  return new Map(
    written.map(([tensor, output]) => [tensor, tensorDifference(values[tensor.reference]!, found[output]!, tensor)]),
  )
}

/** Every tensor is an output here: a runtime that kept their memory would hold all tensors of each model, beside the copies that are compared. */
function sessionFor(model: ModelFile, beside: readonly ModelFile[]): Promise<Session> {
  return sessionOf(model, beside, { isFrugal: true })
}

function feedsOf({ inputs }: ModelFile, values: Values): Values {
  return Object.fromEntries(inputs.map(({ name }) => [name, values[name]!]))
}

/** What a model of operators alone is fed: the inputs of the models, and the codes of the reference's tensors that operators read. */
function ownFeeds({ file, fed }: OwnModel, values: Values): Values {
  const encoded = fed.map(({ input, reference, codes }) => {
    const { dims, data } = values[reference]!
    return [input, { type: 'float32', dims, data: encode(numbersOf(data), codes) }] as const
  })
  const inputs = new Map<string, TensorValue>(encoded)
  return Object.fromEntries(file.inputs.map(({ name }) => [name, inputs.get(name) ?? values[name]!]))
}

/** Every model that the comparisons run. */
export function modelsOf(comparisons: readonly Comparison[]): ModelFile[] {
  return comparisons.flatMap(({ reference, candidate, own }) => [reference, candidate, ...own.map(({ file }) => file)])
}

/** The models that stay open from pass to pass: all but large ones. */
function openTogether(comparisons: readonly Comparison[]): readonly ModelFile[] {
  return modelsOf(comparisons).filter(({ mapped }) => !mapped)
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
