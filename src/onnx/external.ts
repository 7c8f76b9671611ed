// External data: tensors whose bytes are in files beside the model. A location must stay inside the model's folder,
// also after its links are followed: a model from elsewhere must not read this machine's other files.

import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { messageOf, SquireError } from '../errors.js'
import type { TensorProto } from './types.js'

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

/** Finds and checks the file of an external tensor. */
export function externalPlace(tensor: TensorProto, folder: string): ExternalPlace {
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value]))
  const location = entries.get('location') ?? ''
  const file = insideFolder(tensor, folder, location)
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
  if (tensor.externalFolder === undefined) {
    throw broken(tensor, 'has external data but no folder', 'read the model with readModel')
  }
  const { file, offset, length } = externalPlace(tensor, tensor.externalFolder)
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

function insideFolder(tensor: TensorProto, folder: string, location: string): string {
  const outside = `points outside the model's folder: "${location}"`
  const advice =
    'squire reads external data only from the folder of the model: put the file there and name it relative to it'
  if (location === '') throw broken(tensor, 'does not name its file', 'export the model again')
  if (
    path.isAbsolute(location) ||
    path.win32.isAbsolute(location) ||
    !contains(folder, path.resolve(folder, location))
  ) {
    throw broken(tensor, outside, advice)
  }
  const file = realFile(tensor, folder, location)
  if (!contains(realpathSync(folder), file)) throw broken(tensor, `${outside} is a link to "${file}"`, advice)
  return file
}

function realFile(tensor: TensorProto, folder: string, location: string): string {
  const file = path.resolve(folder, location)
  try {
    const real = realpathSync(file)
    if (statSync(real).isFile()) return real
  } catch (error) {
    const advice = 'copy the file beside the model'
    throw new SquireError('MODEL', `${describe(tensor)}: cannot read "${file}" (${messageOf(error)}); ${advice}`, {
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
