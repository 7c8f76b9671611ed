// One file a sample, or one for each input of a sample.

import path from 'node:path'
import { SquireError } from '../../../errors.js'
import type { FileContents, Preprocessing } from '../../source.js'
import type { ModelInput, TensorLike } from '../../types.js'
import { fileFingerprint } from '../fingerprint.js'
import { formatNamed } from '../registry.js'
import type { Reader } from '../types.js'
import { openNames } from './nameTable.js'

export function openFiles(contents: FileContents, inputs: readonly ModelInput[], image: Preprocessing): Reader {
  const parts = contents.parts.map((part) => {
    const input = inputs.find(({ name }) => name === part.input)
    if (input === undefined) throw new SquireError('DATA', `the model has no input "${part.input}"`)
    const names = openNames(part.names)
    return {
      names,
      pathOf: (index: number) => path.resolve(part.folder, names.at(index % names.size) + part.extension),
      read: formatNamed(part.format).sample!.reader(input, inputs, part.image ?? image),
    }
  })
  const longest = parts.reduce((most, part) => (part.names.size > most.names.size ? part : most))
  const labels = contents.labels === undefined ? undefined : new Int32Array(contents.labels)
  return {
    size: longest.names.size,
    labelled: labels !== undefined,
    id: longest.names.at,
    async read(index) {
      const tensors = await Promise.all(parts.map(({ read, pathOf }) => read(pathOf(index))))
      const sample = { inputs: Object.assign({}, ...tensors) as Record<string, TensorLike> }
      return labels === undefined ? sample : { ...sample, label: labels[index]! }
    },
    classes: async () => (index) => labels?.[index] ?? 0,
    fingerprint: async (index) => (await Promise.all(parts.map(({ pathOf }) => fileFingerprint(pathOf(index))))).join(),
    close: async () => {},
  }
}
