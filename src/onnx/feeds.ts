// Whether what a caller brings fits the model's inputs. The one check of every value that goes into a session.

import type { ModelInput } from '../dataset/types.js'
import { listed, SquireError } from '../errors.js'
import { arrayOf, dataTypeName, dataTypeOf } from './datatype.js'
import { elementCount } from './tensor.js'
import type { TensorValue } from './types.js'

/** Throws a DATA error that names the sample, the input, what it expects and what it got. A dynamic dimension takes any number. */
export function checkFeeds(
  inputs: readonly ModelInput[],
  feeds: Readonly<Record<string, TensorValue>>,
  sampleName: string,
): void {
  const names = inputs.map(({ name }) => name)
  const extra = Object.keys(feeds).filter((name) => !names.includes(name))
  if (extra.length > 0)
    throw wrong(sampleName, `has no place for ${listed(extra)}: the model's inputs are ${listed(names)}`)
  for (const input of inputs) {
    const value = feeds[input.name]
    if (value === undefined) {
      throw wrong(sampleName, `does not give input "${input.name}": the model's inputs are ${listed(names)}`)
    }
    const problem = typeProblem(input, value) ?? dimsProblem(input, value) ?? lengthProblem(value)
    if (problem !== undefined) throw wrong(sampleName, `does not fit input "${input.name}": ${problem}`)
  }
}

function typeProblem(input: ModelInput, { type, data }: TensorValue): string | undefined {
  const got = dataTypeOf(type)
  if (got !== input.dataType) {
    return `expected elements of type ${dataTypeName(input.dataType)}, got ${dataTypeName(got)}`
  }
  const Elements = arrayOf(got)
  if (Elements === undefined || data instanceof Elements) return undefined
  return `${type} elements are held in a ${Elements.name}, got a ${data.constructor.name}`
}

function dimsProblem({ dims: expected }: ModelInput, { dims: got }: TensorValue): string | undefined {
  const declared = `[${expected.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`
  const given = `[${got.join(', ')}]`
  if (got.length !== expected.length) {
    return `expected ${expected.length} dimensions ${declared}, got ${got.length} ${given}`
  }
  const index = got.findIndex((dim, i) => !fits(dim, expected[i]!))
  if (index < 0) return undefined
  const wanted = typeof expected[index] === 'number' ? expected[index] : 'a whole number'
  return `dimension ${index}: expected ${wanted}, got ${got[index]} (expected ${declared}, got ${given})`
}

function fits(dim: number, expected: number | string): boolean {
  return typeof expected === 'number' ? dim === expected : Number.isInteger(dim) && dim >= 0
}

function lengthProblem({ data, dims }: TensorValue): string | undefined {
  const expected = elementCount(dims)
  return data.length === expected
    ? undefined
    : `dims [${dims.join(', ')}] take ${expected} elements, got ${data.length}`
}

function wrong(sampleName: string, problem: string): SquireError {
  return new SquireError('DATA', `${sampleName} ${problem}`)
}
