// Two folders of dumped tensors: .npy files at the same places are compared, and those of one folder are one tensor.

import { readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { parseNpyHeader } from '../dataset/formats/arrays/npyHeader.js'
import { arrayOf, elementCount, viewBytes } from '../dataset/tensors/elements.js'
import { type Difference, differenceOf, mergeDifferences } from '../difference/difference.js'
import { measuresOf } from '../difference/measures.js'
import { messageOf, SquireError } from '../errors.js'
import { readRegular } from '../files/regularFile.js'
import type { ComparisonResult } from './compare.js'

/** @throws SquireError DATA for folders without a common file, and for files that differ in size or are no arrays of numbers */
export async function compareDumps(a: string, b: string): Promise<ComparisonResult> {
  const [ofA, ofB] = await Promise.all([arraysIn(a), arraysIn(b)])
  const shared = ofA.filter((path) => ofB.includes(path))
  if (shared.length === 0) {
    throw new SquireError('DATA', `${a} and ${b} have no .npy file at the same place: there is nothing to compare`)
  }
  const sums = new Map<string, Difference>()
  let most = 0
  for (const path of shared) {
    const [expected, actual] = await Promise.all([readNumbers(join(a, path)), readNumbers(join(b, path))])
    if (expected.length !== actual.length) {
      throw new SquireError('DATA', `${path} has ${expected.length} values in ${a} and ${actual.length} in ${b}`)
    }
    const tensor = dirname(path) === '.' ? path.replace(/\.npy$/, '') : dirname(path)
    const difference = differenceOf(expected, actual, undefined)
    const sum = sums.get(tensor)
    sums.set(tensor, sum === undefined ? difference : mergeDifferences(sum, difference))
    most = Math.max(most, shared.filter((other) => dirname(other) === dirname(path)).length)
  }
  const tensors = [...sums].map(([tensor, difference]) => ({
    tensor,
    accumulated: measuresOf(difference, undefined),
    own: undefined,
  }))
  return { samples: most, tensors }
}

/** Relative paths, sorted: folders are numbered in network order. */
async function arraysIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.npy'))
    return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort()
  } catch (error) {
    throw new SquireError('DATA', `cannot list ${folder}: ${messageOf(error)}`)
  }
}

async function readNumbers(path: string): Promise<ArrayLike<number>> {
  const bytes = await readRegular(path)
  const { type, shape, start } = headerOf(bytes, path)
  const count = elementCount(shape)
  const data = bytes.subarray(start)
  if (data.length < count * arrayOf(type).BYTES_PER_ELEMENT) {
    throw new SquireError('DATA', `${path} is cut short: ${data.length} bytes of data for ${count} of ${type}`)
  }
  const values = viewBytes(data, type, count)
  return values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values, Number)
    : values
}

function headerOf(bytes: Uint8Array, path: string) {
  try {
    return parseNpyHeader(bytes)
  } catch (error) {
    throw new SquireError('DATA', `${path}: ${messageOf(error)}`, { cause: error })
  }
}
