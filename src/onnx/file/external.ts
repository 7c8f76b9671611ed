// External data: tensors whose bytes are in files beside the model. A model from elsewhere must not read this machine's other files, so a data file
// must lie, its links followed, in the folder of the model's path or in the folder of the file that this path leads to. The second folder serves
// caches as Hugging Face's, where model and data are links from snapshots/REVISION into one folder of blobs. ONNX Runtime has the same rule.

import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileProblem, SquireError } from '../../errors.js'
import type { TensorProto } from '../types.js'

/** Where a tensor's bytes are. */
export interface ExternalPlace {
  /** As the model writes it, relative to the model's folder. */
  readonly location: string
  /** Absolute, links followed. */
  readonly file: string
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** Finds and checks the file of an external tensor. @param model absolute path of the model file, which may be a link */
export function externalPlace(tensor: TensorProto, model: string): ExternalPlace {
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]))
  const location = entries.get('location') ?? ''
  const file = insideFolder(tensor, model, location)
  const offset = byteCount(tensor, 'offset', entries.get('offset')) ?? 0
  const size = statSync(file).size
  // Without a length the data reach to the end of the file.
  const length = byteCount(tensor, 'length', entries.get('length')) ?? Math.max(size - offset, 0)
  if (offset + length > size) {
    const wanted = `bytes ${offset} to ${offset + length} of "${location}"`
    throw broken(tensor, `needs ${wanted}, which has only ${size} bytes`, 'the file is incomplete: copy it again')
  }
  return { location, file, offset, length }
}

/** The tensor's bytes, fresh from disk. */
export function readExternal(tensor: TensorProto): Uint8Array {
  if (tensor.modelFile === undefined) {
    throw broken(tensor, 'has external data but no model file', 'read the model with readModel')
  }
  const { file, offset, length } = externalPlace(tensor, tensor.modelFile)
  const bytes = new Uint8Array(length)
  const descriptor = openSync(file, 'r')
  try {
    let filled = 0
    while (filled < bytes.length) {
      const count = readSync(descriptor, bytes, filled, Math.min(bytes.length - filled, 2 ** 30), offset + filled)
      if (count === 0) throw broken(tensor, `"${file}" ended early`, 'the file changed while squire read it')
      filled += count
    }
  } finally {
    closeSync(descriptor)
  }
  return bytes
}

const outside = (location: string) => `points outside the model's folder: "${location}"`
const insideAdvice =
  'squire reads external data only from the folder of the model: put the file there and name it relative to it'

function insideFolder(tensor: TensorProto, model: string, location: string): string {
  const folder = path.dirname(model)
  if (location === '') throw broken(tensor, 'does not name its file', 'export the model again')
  if (
    path.isAbsolute(location) ||
    path.win32.isAbsolute(location) ||
    !contains(folder, path.resolve(folder, location))
  ) {
    throw broken(tensor, outside(location), insideAdvice)
  }
  return realFile(tensor, model, location)
}

/** The file beside the model's path; where there is none, that beside the file to which the path leads. */
function realFile(tensor: TensorProto, model: string, location: string): string {
  let file = path.resolve(path.dirname(model), location)
  try {
    const folders = [realpathSync(path.dirname(model)), path.dirname(realpathSync(model))]
    if (!existsSync(file)) file = path.resolve(folders[1]!, location)
    const real = realpathSync(file)
    if (!folders.some((folder) => contains(folder, real))) {
      throw broken(tensor, `${outside(location)} is a link to "${real}"`, insideAdvice)
    }
    if (statSync(real).isFile()) return real
  } catch (error) {
    if (error instanceof SquireError) throw error
    const advice = 'copy the file beside the model'
    throw new SquireError('MODEL', `${describe(tensor)}: cannot read "${file}" (${fileProblem(error)}); ${advice}`, {
      cause: error,
    })
  }
  throw broken(tensor, `"${file}" is not a file`, 'copy the file beside the model')
}

function contains(folder: string, file: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative)
}

function byteCount(tensor: TensorProto, key: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
  throw broken(tensor, `has ${key} "${text}", expected a number of bytes`, 'export the model again')
}

function describe(tensor: TensorProto): string {
  return `external data of tensor "${tensor.name}"`
}

function broken(tensor: TensorProto, problem: string, advice: string): SquireError {
  return new SquireError('MODEL', `${describe(tensor)} ${problem}; ${advice}`)
}
