// One model input as users write it -> a tensor of the type and dims the model takes, or an error that says what is wrong with it.

import { SquireError } from '../../errors.js'
import { float16ToFloat32 } from '../../onnx/elements/float16.js'
import { coordinates } from '../../onnx/tensor.js'
import type { ElementType, TensorData, TensorValue } from '../../onnx/types.js'
import type { ModelInput, TensorLike } from '../types.js'
import {
  arrayOf,
  elementCount,
  elementTypeOf,
  elementTypeOfArray,
  findNonFinite,
  isFloat,
  viewBytes,
} from './elements.js'

/** Where a tensor came from, for messages: "forward 3", 'sample "0042.jpg"'. */
export interface InputPlace {
  readonly where: string
  /** Position among the model's inputs. */
  readonly index: number
  /** Whether it must be the whole of a fixed batch: what goes into a forward pass, not a sample of it. */
  readonly whole?: boolean
}

/**
 * Checks `value` against the model's input. Arrays of numbers become the model's float type; typed arrays are not copied.
 * @throws SquireError DATA naming the place, the input, what was expected and what came
 */
export function toInputTensor(value: TensorLike, input: ModelInput, place: InputPlace): TensorValue {
  const fail = (problem: string): never => {
    throw new SquireError('DATA', `${place.where}: input ${place.index} "${input.name}" ${problem}`)
  }
  const expected = elementTypeOf(input.dataType)
  if (expected === undefined) return fail(`has ONNX type ${input.dataType}, which no typed array can hold`)
  if (typeof value !== 'object' || value === null || !('data' in value) || !('dims' in value)) {
    return fail(`is ${kindOf(value)}, expected a tensor { data, dims } with dims ${shown(input.dims)}`)
  }
  const dims = toDims(value.dims)
  if (dims === undefined) return fail(`has dims ${JSON.stringify(value.dims)}, expected an array of whole numbers`)
  const given = givenValues(value, input)
  const problem = given === undefined ? typeProblem(value, expected) : undefined
  if (problem !== undefined) return fail(problem)
  const data = given ?? toData(value.data, expected)
  if (!dimsFit(dims, input.dims, place.whole)) {
    const named = input.dims.some((dim) => typeof dim === 'string') ? ' (a name stands for any size)' : ''
    return fail(`has dims ${shown(dims)}, expected ${shown(input.dims)}${named}`)
  }
  if (data.length !== elementCount(dims)) {
    return fail(`has ${data.length} elements, expected ${elementCount(dims)} for dims ${shown(dims)}`)
  }
  if (input.value !== undefined && Number(data[0]) !== input.value) {
    return fail(
      `is ${data[0]}, where the first sample has ${input.value}: it decides which branch of the model is quantized; give samples of one value`,
    )
  }
  const bad = findNonFinite(data, expected)
  if (bad >= 0) return fail(`has a NaN or infinite value at element ${bad} (${shown(coordinates(bad, dims))})`)
  return { type: expected, data, dims }
}

/** `[1, 3, "height", ?]` */
export function shown(dims: readonly (number | string)[]): string {
  return `[${dims.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`
}

/** Whether dims are what a model input takes, a named dimension being any size. Unless `whole`, a first dimension of 1 is one sample of a fixed batch. */
function dimsFit(dims: readonly number[], model: readonly (number | string)[], whole = false): boolean {
  return (
    dims.length === model.length &&
    model.every((dim, axis) => typeof dim === 'string' || dim === dims[axis] || (!whole && axis === 0 && dims[0] === 1))
  )
}

function toDims(dims: unknown): readonly number[] | undefined {
  if (!Array.isArray(dims) || !dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) return undefined
  return [...dims]
}

/** Of the type that the input had before the model was converted: as float32. */
function givenValues({ data, type }: TensorLike, { givenType }: ModelInput): Float32Array | undefined {
  const given = givenType === undefined ? undefined : elementTypeOf(givenType)
  const held = Array.isArray(data) ? undefined : elementTypeOfArray(data)
  if (given === undefined || held === undefined || (type ?? held) !== given) return undefined
  // Bits of float16, where the array does not know what they mean.
  if (data instanceof Uint16Array) return float16ToFloat32(data)
  return held === given ? Float32Array.from(data as ArrayLike<number>) : undefined
}

function typeProblem(value: TensorLike, expected: ElementType): string | undefined {
  if (Array.isArray(value.data)) {
    if (!isFloat(expected) || expected === 'float16') return wanted('an array of numbers', expected)
    const bad = value.data.findIndex((element) => typeof element !== 'number')
    return bad < 0 ? undefined : `has ${kindOf(value.data[bad])} at element ${bad}, expected a number`
  }
  const held = elementTypeOfArray(value.data)
  if (held === undefined) return wanted(kindOf(value.data), expected)
  const type = value.type ?? held
  if (type !== expected) return wanted(`${nameOf(value.data)} (${type})`, expected)
  const fits = held === expected || arrayOf(held).name === arrayOf(expected).name
  return fits
    ? undefined
    : `has type ${type} but its data are in a ${nameOf(value.data)}, expected a ${arrayOf(expected).name}`
}

function wanted(got: string, expected: ElementType): string {
  const array = arrayOf(expected).name
  const hint = expected === 'bool' || expected === 'float16' ? ` with type: "${expected}"` : ''
  return `is ${got}, expected ${expected} in a ${array}${hint}`
}

/** The checked data in exactly the kind of array the model's type is held in. */
function toData(data: TensorLike['data'], type: ElementType): TensorData {
  if (Array.isArray(data)) return type === 'float64' ? Float64Array.from(data) : Float32Array.from(data)
  const array = data as TensorData
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  return nameOf(array) === arrayOf(type).name && !Buffer.isBuffer(array) ? array : viewBytes(bytes, type, array.length)
}

function nameOf(data: object): string {
  return Object.prototype.toString.call(data).slice(8, -1)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? `a ${nameOf(value)}` : value === undefined ? 'undefined' : `a ${typeof value}`
}
