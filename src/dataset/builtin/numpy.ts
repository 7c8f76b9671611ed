// numpy_benchmark: .npy files of inputs and of labels in one folder, measured by top-1 and top-5.
//
//   data/imagenet_input_b10_s1.npy     [N, 3, 224, 224], or batches of them: [M, 10, 3, 224, 224]
//   data/imagenet_label_b10_s1.npy     [N] or [M, 10]: class indices, of any type of number
//
// A model with several inputs takes a file named like each.

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { listed, SquireError } from '../../errors.js'
import { inspectRows } from '../formats/arrays/arrayReader.js'
import { arrayInNpy } from '../formats/arrays/places.js'
import type { ArrayPlace, PathSource, Preprocessing } from '../source.js'
import type { ModelInput } from '../types.js'

/** @throws SquireError DATA when the folder lacks a file, or the files do not fit each other or the model */
export async function numpySource(
  folder: string,
  image: Preprocessing,
  inputs: readonly ModelInput[],
): Promise<PathSource> {
  const files = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new SquireError('DATA', `${folder} (-d): expected a folder with .npy files (${cause.message})`, { cause })
  })
  const arrays = files.filter((name) => name.toLowerCase().endsWith('.npy')).sort()
  const labels = arrays.filter((name) => /label/i.test(name))
  if (labels.length !== 1) {
    throw new SquireError(
      'DATA',
      `${folder} (-d): expected one .npy file with "label" in its name, got ${listed(labels)}`,
    )
  }
  const others = arrays.filter((name) => name !== labels[0])
  const contents = await inspectRows(folder, inputs, async () => {
    const places: Record<string, ArrayPlace> = {}
    for (const input of inputs) {
      const place = await arrayInNpy(path.join(folder, fileOf(input, others, inputs.length, folder)))
      places[input.name] = flattened(place, input.dims.length)
    }
    return { inputs: places, labels: flattened(await arrayInNpy(path.join(folder, labels[0]!)), 1) }
  })
  return { kind: 'path', path: folder, image, contents, needsLabels: true }
}

function fileOf({ name }: ModelInput, files: readonly string[], inputs: number, folder: string): string {
  const own = `${name.replace(/[/\\:]/g, '_')}.npy`
  if (files.includes(own)) return own
  if (inputs === 1 && files.length === 1) return files[0]!
  throw new SquireError('DATA', `${folder} (-d): expected ${listed([own])} for input "${name}", got ${listed(files)}`)
}

/** Batches one after another: their axis and the samples' within one are one axis. */
function flattened(place: ArrayPlace, rank: number): ArrayPlace {
  const [batches, batch, ...rest] = place.shape
  if (place.shape.length !== rank + 1 || batches === undefined || batch === undefined) return place
  return { ...place, shape: [batches * batch, ...rest] }
}
