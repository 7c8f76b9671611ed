// Finds out what a folder holds.
//
//   photos/a.jpg ...            samples without labels
//   photos/cat/a.jpg ...        one subfolder a class: labels are the positions of the sorted subfolder names
//   data/input_1/a.npy ...      one subfolder for each of several inputs, with the same names in each
//   data/part-0.parquet ...     tables

import path from 'node:path'
import { listed, SquireError } from '../../../errors.js'
import type { Contents, FileContents, FilePart } from '../../source.js'
import type { ModelInput } from '../../types.js'
import { knownExtensions } from '../registry.js'
import type { Format } from '../types.js'
import { type Listing, listFiles } from './listFiles.js'
import { type NameTable, openNames } from './nameTable.js'

/**
 * @param output absolute path of the folder that the run writes to, which is no data even if it lies in `folder`
 * @throws SquireError DATA when the folder holds no samples, or samples in more than one way
 */
export async function listFolder(folder: string, inputs: readonly ModelInput[], output?: string): Promise<Contents> {
  const top = await listFiles(folder, { except: output })
  if (top.first !== undefined && top.folders.length > 0) {
    throw new SquireError(
      'DATA',
      `${folder} holds samples ("${top.first}") beside subfolders ("${top.folders[0]}"): expected either files, or one subfolder for each class or input`,
    )
  }
  if (top.format !== undefined) {
    const names = top.names.build(top.names.sortedOrder())
    if (top.format.sample === undefined) return top.format.rows!.inspect(pathsOf(folder, names), inputs)
    return { kind: 'files', parts: [partFor(inputs, folder, top.format, names)], labels: undefined }
  }
  if (inputs.length > 1 && inputs.every((input) => top.folders.includes(folderOf(input))))
    return inputFolders(folder, inputs)
  if (top.folders.length > 0) return classFolders(folder, top.folders, inputs, output)
  throw nothingIn(folder)
}

/** The single part of files that feed a whole sample. @throws SquireError DATA when the model has more inputs than a file */
export function partFor(
  inputs: readonly ModelInput[],
  folder: string,
  format: Format,
  names: FilePart['names'],
): FilePart {
  if (inputs.length > 1 && !format.sample?.allInputs) {
    const wanted = inputs.map((input) => `"${folderOf(input)}"`).join(', ')
    throw new SquireError(
      'DATA',
      `the model has ${inputs.length} inputs: expected a folder with a subfolder for each (${wanted}), or .npz files; got one ${format.name} file a sample in ${folder}`,
    )
  }
  return { input: inputs[0]!.name, folder, format: format.name, names, extension: '' }
}

function pathsOf(folder: string, names: NameTable): string[] {
  const sorted = openNames(names)
  return Array.from({ length: sorted.size }, (_, i) => path.join(folder, sorted.at(i)))
}

async function classFolders(
  folder: string,
  classes: readonly string[],
  inputs: readonly ModelInput[],
  output: string | undefined,
): Promise<FileContents> {
  const ends: number[] = []
  let listing: Listing | undefined
  for (const name of classes) {
    const own = path.join(folder, name)
    const before = listing === undefined ? {} : { before: listing }
    listing = await listFiles(own, { prefix: `${name}/`, except: output, ...before })
    if (listing.folders.length > 0) {
      throw new SquireError(
        'DATA',
        `class folder ${own} has a subfolder "${listing.folders[0]}": expected samples only`,
      )
    }
    ends.push(listing.names.size)
  }
  if (listing?.format === undefined) throw nothingIn(folder)
  if (listing.format.sample === undefined) {
    throw new SquireError('DATA', `${folder} has tables in subfolders: expected them side by side in one folder`)
  }
  const order = listing.names.sortedOrder()
  const classOf = new Int32Array(order.length)
  ends.forEach((end, label) => {
    classOf.fill(label, ends[label - 1] ?? 0, end)
  })
  const labels = new SharedArrayBuffer(4 * order.length)
  new Int32Array(labels).set(Int32Array.from(order, (index) => classOf[index]!))
  return { kind: 'files', parts: [partFor(inputs, folder, listing.format, listing.names.build(order))], labels }
}

async function inputFolders(folder: string, inputs: readonly ModelInput[]): Promise<FileContents> {
  const parts: FilePart[] = []
  for (const input of inputs) {
    const own = path.join(folder, folderOf(input))
    const { names, first, format } = await listFiles(own, { stems: true })
    if (first === undefined || format === undefined) throw nothingIn(own)
    if (format.sample === undefined || format.sample.allInputs) {
      throw new SquireError(
        'DATA',
        `${own}: the folder of one input may hold images, .npy or .bin files, not "${first}"`,
      )
    }
    const part = {
      input: input.name,
      folder: own,
      format: format.name,
      names: names.build(names.sortedOrder()),
      extension: path.extname(first),
    }
    parts.push(part)
    requireSameNames(parts[0]!, part)
  }
  return { kind: 'files', parts, labels: undefined }
}

function requireSameNames(first: FilePart, part: FilePart): void {
  const [expected, got] = [openNames(first.names), openNames(part.names)]
  for (let i = 0; i < Math.max(expected.size, got.size); i++) {
    const a = i < expected.size ? expected.at(i) : undefined
    const b = i < got.size ? got.at(i) : undefined
    if (a === b) continue
    const missing =
      b === undefined || (a !== undefined && a < b) ? ([a, first, part] as const) : ([b, part, first] as const)
    throw new SquireError(
      'DATA',
      `sample "${missing[0]}" is in ${missing[1].folder}, but not in ${missing[2].folder}: every input needs a file of the same name`,
    )
  }
}

/** The subfolder that holds an input's files: its name, '_' for what cannot be in one. */
function folderOf(input: ModelInput): string {
  return input.name.replace(/[/\\:]/g, '_')
}

function nothingIn(folder: string): SquireError {
  return new SquireError(
    'DATA',
    `no samples in ${folder}: expected files ending in ${listed(knownExtensions)}, or class subfolders with such files`,
  )
}
