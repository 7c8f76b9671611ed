// Whether what a caller brings fits the model's inputs. The one check of every value that goes into a session.

import type { ModelInput } from '../dataset/types.js'
import { listed, SquireError } from '../errors.js'
import { dataTypeName, dataTypeOf } from './datatype.js'
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

function typeProblem(input: ModelInput, value: TensorValue): string | undefined {
  const got = dataTypeOf(value.type)
  return got === input.dataType
    ? undefined
    : `expected elements of type ${dataTypeName(input.dataType)}, got ${dataTypeName(got)}`
}

function dimsProblem(input: ModelInput, value: TensorValue): string | undefined {
  const both = `expected dims [${input.dims.map((dim) => (dim === '' ? '?' : dim)).join(', ')}], got [${value.dims.join(', ')}]`
  if (value.dims.length !== input.dims.length) return `${input.dims.length} dimensions ${both}`
  const index = value.dims.findIndex((dim, i) => {
    const expected = input.dims[i]
    return !Number.isInteger(dim) || dim < 0 || (typeof expected === 'number' && expected !== dim)
  })
  if (index < 0) return undefined
  const expected = input.dims[index]
  const wanted = typeof expected === 'number' ? expected : 'a whole number'
  return `dimension ${index} expected ${wanted}, got ${value.dims[index]} (${both})`
}

function lengthProblem(value: TensorValue): string | undefined {
  const expected = elementCount(value.dims)
  if (value.data.length === expected) return undefined
  return `dims [${value.dims.join(', ')}] take ${expected} elements, got ${value.data.length}`
}

function wrong(sampleName: string, problem: string): SquireError {
  return new SquireError('DATA', `${sampleName} ${problem}`)
}
