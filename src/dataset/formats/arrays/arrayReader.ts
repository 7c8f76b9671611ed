// Arrays [N, ...] of one .npy or .npz file: sample i is row i of each. Rows are read one at a time, never the whole file.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { SquireError } from '../../../errors.js'
import { openRegular } from '../../../files/regularFile.js'
import type { TensorData } from '../../../onnx/types.js'
import { numberedId } from '../../opened.js'
import type { ArrayContents, ArrayPlace } from '../../source.js'
import { tensorFor } from '../../tensors/convert.js'
import { arrayOf, elementCount, viewBytes } from '../../tensors/elements.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput, TensorLike } from '../../types.js'
import { rangeFingerprint, readRange } from '../fingerprint.js'
import { toLabel } from '../label.js'
import type { Reader } from '../types.js'
import { readPlace } from './places.js'

/** Finds the arrays of a file with `find`, and checks that all of them have the same number of rows. */
export async function inspectRows(
  path: string,
  inputs: readonly ModelInput[],
  find: (path: string, inputs: readonly ModelInput[]) => Promise<Pick<ArrayContents, 'inputs' | 'labels'>>,
): Promise<ArrayContents> {
  const found = await find(path, inputs)
  const size = Object.values(found.inputs)[0]!.shape[0]
  for (const input of inputs) requireRows(path, input, found.inputs[input.name]!, size)
  if (found.labels !== undefined && (found.labels.shape.length !== 1 || found.labels.shape[0] !== size)) {
    throw new SquireError('DATA', `${path}: labels have shape ${shown(found.labels.shape)}, expected [${size}]`)
  }
  return { kind: 'arrays', path, size: size ?? 0, ...found }
}

export async function openArrays(contents: ArrayContents, inputs: readonly ModelInput[]): Promise<Reader> {
  const labels = contents.labels === undefined ? undefined : await readPlace(contents.labels)
  const files = await openEach(Object.values(contents.inputs))
  return {
    size: contents.size,
    labelled: labels !== undefined,
    id: numberedId,
    async read(index) {
      const tensors: Record<string, TensorLike> = {}
      for (const input of inputs) {
        const place = contents.inputs[input.name]!
        tensors[input.name] = tensorFor(
          input,
          place.type,
          place.shape.slice(1),
          await readRow(files.get(place.path)!, place, index),
        )
      }
      return labels === undefined ? { inputs: tensors } : { inputs: tensors, label: toLabel(labels[index]) }
    },
    classes: async () => (index) => toLabel(labels?.[index]),
    async fingerprint(index) {
      const prints = await Promise.all(
        inputs.map(({ name }) => {
          const place = contents.inputs[name]!
          return rowFingerprint(files.get(place.path)!, place, index)
        }),
      )
      return `${prints.join()},${labels?.[index] ?? ''}`
    },
    async close() {
      await Promise.all([...files.values()].map((file) => file.close()))
    },
  }
}

/** The files of these arrays by their paths, each opened once. */
async function openEach(places: readonly ArrayPlace[]): Promise<Map<string, FileHandle>> {
  const files = new Map<string, FileHandle>()
  for (const place of places) if (!files.has(place.path)) files.set(place.path, await openRegular(place.path))
  return files
}

function requireRows(path: string, input: ModelInput, { shape }: ArrayPlace, size: number | undefined): void {
  const rank = shape.length - 1
  if (size !== undefined && shape[0] === size && (rank === input.dims.length || rank === input.dims.length - 1)) return
  throw new SquireError(
    'DATA',
    `${path}: the array for input "${input.name}" has shape ${shown(shape)}, expected [${size ?? 'N'}, ...] with one row a sample of dims ${shown(input.dims.slice(1))}`,
  )
}

function rowBytes({ type, shape }: ArrayPlace): number {
  return elementCount(shape.slice(1)) * arrayOf(type).BYTES_PER_ELEMENT
}

async function readRow(file: FileHandle, place: ArrayPlace, index: number): Promise<TensorData> {
  const length = rowBytes(place)
  const start = place.start + index * length
  // A copy out of shared memory too: the runtime takes no views of it.
  const bytes =
    place.memory === undefined
      ? await readRange(file, start, length)
      : new Uint8Array(place.memory, start, length).slice()
  if (bytes.length < length) throw new SquireError('DATA', `${place.path} ends before row ${index}`)
  return viewBytes(bytes, place.type, elementCount(place.shape.slice(1)))
}

async function rowFingerprint(file: FileHandle, place: ArrayPlace, index: number): Promise<string> {
  const length = rowBytes(place)
  if (place.memory === undefined) return rangeFingerprint(file, place.start + index * length, length)
  return createHash('sha256')
    .update(new Uint8Array(place.memory, place.start + index * length, length))
    .digest('hex')
}
