// A sample's inputs, by position or by name -> checked feeds by input name.

import { listed, SquireError } from '../../errors.js'
import type { TensorValue } from '../../onnx/types.js'
import type { Feeds, ModelInput, Sample, TensorLike } from '../types.js'
import { toInputTensor } from './inputTensor.js'

/**
 * The feeds of one sample. Where the model's batch is fixed and larger than one, a sample may have a first dimension of 1.
 * @throws SquireError DATA naming the sample and the input
 */
export function sampleFeeds(sample: Sample, inputs: readonly ModelInput[], sampleId: string): Feeds {
  const where = `sample "${sampleId}"`
  const given = sample?.inputs
  if (typeof given !== 'object' || given === null) {
    throw new SquireError(
      'DATA',
      `${where}: load must return { inputs, label? } with inputs an array of tensors in model order or an object by input name; got ${typeof given} for inputs`,
    )
  }
  const values = Array.isArray(given) ? byPosition(given, inputs, where) : byName(given, inputs, where)
  return checkedFeeds(values, inputs, where)
}

/** Checks one value for each of the model's inputs, in model order. `whole`: a fixed batch must be complete. */
export function checkedFeeds(
  values: readonly TensorLike[],
  inputs: readonly ModelInput[],
  where: string,
  whole = false,
): Feeds {
  const feeds: Record<string, TensorValue> = {}
  inputs.forEach((input, index) => {
    feeds[input.name] = toInputTensor(values[index]!, input, { where, index, whole })
  })
  return feeds
}

/** @throws SquireError DATA when the number of values is not the number of the model's inputs */
export function byPosition(
  values: readonly TensorLike[],
  inputs: readonly ModelInput[],
  where: string,
): readonly TensorLike[] {
  if (values.length === inputs.length) return values
  throw new SquireError(
    'DATA',
    `${where}: got ${values.length} inputs, expected ${inputs.length}: ${inputs.map((input) => `"${input.name}"`).join(', ')}`,
  )
}

function byName(values: object, inputs: readonly ModelInput[], where: string): readonly TensorLike[] {
  const known = new Set(inputs.map((input) => input.name))
  const stranger = Object.keys(values).find((name) => !known.has(name))
  if (stranger !== undefined) {
    throw new SquireError('DATA', `${where}: the model has no input "${stranger}"; expected ${listed(known)}`)
  }
  const missing = inputs.find((input) => !Object.hasOwn(values, input.name))
  if (missing !== undefined) throw new SquireError('DATA', `${where}: input "${missing.name}" is missing`)
  return inputs.map((input) => (values as Record<string, TensorLike>)[input.name]!)
}
