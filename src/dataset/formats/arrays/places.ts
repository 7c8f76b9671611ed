// Arrays in .npy and .npz files: where their elements are, and reading them.
// Arrays of numpy.savez are read in place. Those of numpy.savez_compressed must be unpacked whole: once, into memory all threads share.

import type { FileHandle } from 'node:fs/promises'
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

/** The array of an .npy file. */
export async function arrayInNpy(path: string): Promise<ArrayPlace> {
  return withRegularFile(path, async (file) => {
    const { type, shape, start } = parseNpyHeader(await readRange(file, 0, NPY_HEAD_BYTES))
    const { size } = await file.stat()
    return checked({ type, shape, path, start, memory: undefined }, size - start)
  })
}

/** The arrays of an .npz file that feed the model: by input name, or the only one. Labels: `label`, `labels` or `y`. */
export async function arraysInNpz(
  path: string,
  inputs: readonly ModelInput[],
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
          `${path} has no array "${name}" for the input of this name; it has ${listed(names)}`,
        )
      places[name] = await placeOf(path, file, entry)
    }
    const label = labelNames.find((name) => entries.has(name) && !Object.hasOwn(places, name))
    return { inputs: places, labels: label === undefined ? undefined : await placeOf(path, file, entries.get(label)!) }
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

async function placeOf(path: string, file: FileHandle, entry: ZipEntry): Promise<ArrayPlace> {
  if (entry.method === 'stored') {
    const { type, shape, start } = parseNpyHeader(
      await readRange(file, entry.start, Math.min(NPY_HEAD_BYTES, entry.size)),
    )
    return checked({ type, shape, path, start: entry.start + start, memory: undefined }, entry.size - start)
  }
  const memory = await unpack(path, entry)
  const { type, shape, start } = parseNpyHeader(new Uint8Array(memory).slice(0, NPY_HEAD_BYTES))
  return checked({ type, shape, path, start, memory }, entry.size - start)
}

/** What a packed array may take in memory. Larger ones are to be stored unpacked, where they are read in place. */
const MAX_UNPACKED_BYTES = 2 ** 30

async function unpack(path: string, entry: ZipEntry): Promise<SharedArrayBuffer> {
  const { name, size } = entry
  if (size > MAX_UNPACKED_BYTES) {
    throw new SquireError(
      'DATA',
      `array "${name}" of ${path} unpacks to ${size} bytes, more than the ${MAX_UNPACKED_BYTES} that squire keeps in memory: ` +
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
    throw new SquireError('DATA', `array "${name}" of ${path} cannot be unpacked: ${messageOf(cause)}`, { cause })
  }
  return memory
}

function checked(place: ArrayPlace, bytes: number): ArrayPlace {
  const wanted = elementCount(place.shape) * arrayOf(place.type).BYTES_PER_ELEMENT
  if (bytes >= wanted) return place
  throw new SquireError(
    'DATA',
    `${place.path} is cut short: ${bytes} bytes of data, expected ${wanted} for ${place.type} ${shown(place.shape)}`,
  )
}
