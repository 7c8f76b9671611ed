// Arrays in .npy and .npz files: where their elements are, and reading them.
// Arrays of numpy.savez are read in place. Those of numpy.savez_compressed must be unpacked whole, once: small ones into memory that all threads
// share, large ones into a temporary file, which is then read in place as well.

import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type FileHandle, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { listed, messageOf, SquireError } from '../../../errors.js'
import { withRegularFile } from '../../../files/regularFile.js'
import type { TensorData } from '../../../onnx/types.js'
import type { ArrayPlace } from '../../source.js'
import { arrayOf, elementCount, viewBytes } from '../../tensors/elements.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput } from '../../types.js'
import { readRange } from '../fingerprint.js'
import { NPY_HEAD_BYTES, parseNpyHeader } from './npyHeader.js'
import { readZipDirectory, type ZipEntry } from './zip.js'

const labelNames = ['label', 'labels', 'y']

/** The array of an .npy file, which messages call `name`. */
export async function arrayInNpy(path: string, name = path): Promise<ArrayPlace> {
  return withRegularFile(path, async (file) => {
    const { type, shape, start } = parseNpyHeader(await readRange(file, 0, NPY_HEAD_BYTES))
    const { size } = await file.stat()
    return checked({ type, shape, path, start, memory: undefined }, size - start, name)
  })
}

/**
 * The arrays of an .npz file that feed the model: by input name, or the only one. Labels: `label`, `labels` or `y`.
 * @param scratch a folder for large packed arrays; undefined: they are refused
 */
export async function arraysInNpz(
  path: string,
  inputs: readonly ModelInput[],
  scratch?: string,
): Promise<{ readonly inputs: Readonly<Record<string, ArrayPlace>>; readonly labels: ArrayPlace | undefined }> {
  return withRegularFile(path, async (file) => {
    const entries = new Map((await readZipDirectory(file)).map((entry) => [entry.name.replace(/\.npy$/, ''), entry]))
    const names = [...entries.keys()].sort()
    const others = names.filter((name) => !labelNames.includes(name))
    const places: Record<string, ArrayPlace> = {}
    for (const { name } of inputs) {
      const entry =
        entries.get(name) ?? (inputs.length === 1 && others.length === 1 ? entries.get(others[0]!) : undefined)
      if (entry === undefined)
        throw new SquireError(
          'DATA',
          `${path} has no array "${name}" for the input of this name; it has ${listed(names, 'and')}`,
        )
      places[name] = await placeOf(path, file, entry, scratch)
    }
    const label = labelNames.find((name) => entries.has(name) && !Object.hasOwn(places, name))
    const labels = label === undefined ? undefined : await placeOf(path, file, entries.get(label)!, scratch)
    return { inputs: places, labels }
  })
}

/** All elements of an array. */
export async function readPlace(place: ArrayPlace): Promise<TensorData> {
  const count = elementCount(place.shape)
  const length = count * arrayOf(place.type).BYTES_PER_ELEMENT
  const bytes =
    place.memory === undefined
      ? await withRegularFile(place.path, (file) => readRange(file, place.start, length))
      : new Uint8Array(place.memory, place.start, length)
  return viewBytes(bytes, place.type, count)
}

async function placeOf(
  path: string,
  file: FileHandle,
  entry: ZipEntry,
  scratch: string | undefined,
): Promise<ArrayPlace> {
  if (entry.method === 'stored') {
    const { type, shape, start } = parseNpyHeader(
      await readRange(file, entry.start, Math.min(NPY_HEAD_BYTES, entry.size)),
    )
    return checked({ type, shape, path, start: entry.start + start, memory: undefined }, entry.size - start)
  }
  if (scratch !== undefined && entry.size > MOST_IN_SHARED_MEMORY) {
    return arrayInNpy(await unpackedFile(path, entry, scratch), `array "${entry.name}" of ${path}`)
  }
  const memory = await unpackedMemory(path, entry)
  const { type, shape, start } = parseNpyHeader(new Uint8Array(memory).slice(0, NPY_HEAD_BYTES))
  return checked({ type, shape, path, start, memory }, entry.size - start)
}

/** What a packed array of many samples may take in memory; larger ones go to the disk. */
const MOST_IN_SHARED_MEMORY = 2 ** 27

/** What a packed array may take in memory where it cannot go to the disk: it is one sample, which is needed whole. */
const MOST_IN_MEMORY = 2 ** 30

async function unpackedMemory(path: string, entry: ZipEntry): Promise<SharedArrayBuffer> {
  const { name, size } = entry
  if (size > MOST_IN_MEMORY) {
    throw new SquireError(
      'DATA',
      `array "${name}" of ${path} unpacks to ${size} bytes, more than the ${MOST_IN_MEMORY} that squire keeps in memory: ` +
        'save it with numpy.savez, which does not pack',
    )
  }
  const memory = new SharedArrayBuffer(size)
  const bytes = new Uint8Array(memory)
  let at = 0
  try {
    for await (const piece of (await entry.unpacked()) as AsyncIterable<Buffer>) {
      bytes.set(piece, at)
      at += piece.length
    }
  } catch (cause) {
    throw damaged(path, name, cause)
  }
  return memory
}

/** Unpacks an entry piece by piece. The file stays until the folder's owner removes the folder. */
async function unpackedFile(path: string, entry: ZipEntry, scratch: string): Promise<string> {
  const { name, size } = entry
  const { bavail, bsize } = await statfs(scratch)
  if (size > bavail * bsize) throw tooLarge(path, entry, scratch)
  const unpacked = join(scratch, `${randomUUID()}.npy`)
  try {
    await pipeline(await entry.unpacked(), createWriteStream(unpacked, { flags: 'wx', mode: 0o600 }))
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ENOSPC'
      ? tooLarge(path, entry, scratch)
      : damaged(path, name, cause)
  }
  return unpacked
}

function tooLarge(path: string, { name, size }: ZipEntry, scratch: string): SquireError {
  return new SquireError(
    'OUTPUT',
    `array "${name}" of ${path} unpacks to ${size} bytes, for which ${scratch} has no room: ` +
      'make room, set TMPDIR to a folder that has it, or save the array with numpy.savez, which does not pack',
  )
}

function damaged(path: string, name: string, cause: unknown): SquireError {
  return new SquireError('DATA', `array "${name}" of ${path} cannot be unpacked: ${messageOf(cause)}`, { cause })
}

function checked(place: ArrayPlace, bytes: number, name = place.path): ArrayPlace {
  const wanted = elementCount(place.shape) * arrayOf(place.type).BYTES_PER_ELEMENT
  if (bytes >= wanted) return place
  throw new SquireError(
    'DATA',
    `${name} is cut short: ${bytes} bytes of data, expected ${wanted} for ${place.type} ${shown(place.shape)}`,
  )
}
