// Small models run several samples at once: a forward pass has a cost of its own, and so has every step of a recurrent layer, beside which little
// is left of theirs. Results must not depend on which samples meet in one pass, so a model is tried first (independence.ts).

import type { StackAxes } from '../../dataset/batch.js'
import type { ModelInput } from '../../dataset/types.js'
import type { ModelFile, Observation } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import { subgraphs } from '../../onnx/attribute.js'
import { tensorBytes } from '../../onnx/file/codec.js'
import { modelInputs } from '../../onnx/model.js'
import { createSession } from '../../onnx/runtime/session.js'
import { isScan } from '../../onnx/scan.js'
import type { ModelProto, NodeProto, TensorInfo } from '../../onnx/types.js'
import type { Feeds } from '../runner.js'
import { independentRows, isVaried } from './independence.js'
import { openBatch } from './openBatch.js'

/** Samples of one pass: beyond this many there is nothing left to gain, and below this many next to nothing. */
const MOST_STACKED = 32
const FEWEST_STACKED = 8
/** Observed values of one pass: more do not stay in a cache from where they are written to where they are counted. */
const MOST_VALUES = 2 ** 24
/**
 * Samples for each of one pass, at the least: with fewer the trial takes longer than what it saves. A recurrent layer gains more, as its steps cost
 * little more for several samples than for one.
 */
const LEAST_SAMPLES_EACH = { recurrent: 2, other: 8 }
/** Larger models of a fixed batch stay as they are: the trials would hold them in memory once more. */
const MOST_OPENED_BYTES = 2 ** 27

/** A model that may take several samples at once. */
export interface Stackable {
  readonly proto: ModelProto
  /** Of one sample. */
  readonly feeds: Feeds
  /** All outputs that matter. */
  readonly names: readonly string[]
  /** All tensors that they lead to. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** How many values are observed. */
  readonly values: number
  /** How many samples there will be. */
  readonly samples: number
}

/** How samples go into one forward pass. */
export type Stacking = Pick<Observation, 'stacked' | 'stackAxes'>

export const unstacked: Stacking = { stacked: 1, stackAxes: {} }

/** A file of the model, and the axes along which its inputs take several samples. */
export interface ForSeveral {
  readonly file: ModelFile
  readonly inputAxes: StackAxes
}

/** The model in a form that takes two samples, if it has one: the trial of many costs time. `write` makes files of models. */
export async function forSeveral(
  model: Stackable,
  write: (proto: ModelProto) => Promise<ModelFile>,
): Promise<ForSeveral | undefined> {
  const { proto, feeds, tensors } = model
  if (mostStacked(model) < FEWEST_STACKED || proto.graph.node.some(isUnsure) || !Object.values(feeds).every(isVaried))
    return undefined
  const inputs = modelInputs(proto)
  const isFixed = inputs.every(({ dims }) => dims.every((dim) => typeof dim === 'number'))
  if (isFixed && tensorBytes(proto) > MOST_OPENED_BYTES) return undefined
  for (const inputAxes of batchAxes(inputs, feeds, isFixed)) {
    const several = { file: await write(openBatch(proto, inputAxes, tensors)), inputAxes }
    if ((await tried(model, several, 2)) !== undefined) return several
  }
  return undefined
}

/** How a forward pass of the file may take samples like the given one. */
export async function samplesToStack(model: Stackable, several: ForSeveral): Promise<Stacking> {
  const stacked = mostStacked(model)
  const stackAxes = await tried(model, several, stacked)
  return stackAxes === undefined ? unstacked : { stacked, stackAxes }
}

function mostStacked({ values, samples, proto }: Stackable): number {
  const worthIt = samples / LEAST_SAMPLES_EACH[proto.graph.node.some(isScan) ? 'recurrent' : 'other']
  return Math.min(MOST_STACKED, 2 ** Math.floor(Math.log2(Math.min(worthIt, MOST_VALUES / Math.max(1, values)))))
}

/**
 * Where the inputs may hold further samples: along the first axis, or the second, as states of recurrent layers do, [layers, samples, size]; an
 * input that has another size there, along its first of size 1.
 */
function batchAxes(inputs: readonly ModelInput[], feeds: Feeds, isFixed: boolean): StackAxes[] {
  const possible = inputs.map(({ name, dims }) => {
    const fed = feeds[name]!.dims
    const axes = [...fed.keys()].filter((axis) => fed[axis] === 1 && (isFixed || typeof dims[axis] === 'string'))
    return { name, axes }
  })
  if (possible.some(({ axes }) => axes.length === 0)) return []
  const choices = [0, 1].map((at) =>
    possible.map(({ name, axes }) => [name, axes.includes(at) ? at : axes[0]!] as const),
  )
  return (String(choices[0]) === String(choices[1]) ? choices.slice(1) : choices).map((one) => Object.fromEntries(one))
}

/** The axes of `count` stacked samples; undefined where they depend on one another. */
async function tried({ feeds, names }: Stackable, { file, inputAxes }: ForSeveral, count: number) {
  try {
    const session = await createSession(file.path, file)
    try {
      return await independentRows(session, feeds, names, count, inputAxes)
    } finally {
      await session.release()
    }
  } catch (error) {
    // A model that cannot take so many.
    if (error instanceof SquireError) return undefined
    throw error
  }
}

/** Nodes whose doing a few runs do not show: they branch, or draw random numbers. */
function isUnsure(node: NodeProto): boolean {
  const inner = subgraphs(node)
  if (isScan(node)) return inner.some((body) => body.node.some(isUnsure))
  return inner.length > 0 || /^(Random|Bernoulli|Multinomial)/.test(node.opType)
}
