// A float model beside the integer model that was made of it, over the user's data. What is compared at once is held several times: the float model's
// tensors, the integer model's, and what its operators make of the float model's values. Large tensors are therefore compared part by part.

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComparedSamples, Runner } from '../calibrate/runner.js'
import { MOST_COMPARED_BYTES } from '../engine/workers.js'
import type { WrittenTensor } from '../export/tensorNames.js'
import type { ModelProto } from '../onnx/types.js'
import { type ComparisonResult, compareModels } from './compare.js'
import { comparable, comparedFloat, integerComparison } from './models.js'

export interface IntegerComparison {
  readonly runner: Runner
  readonly float: ModelProto
  readonly integer: ModelProto
  /** Tensors of the float model, and what the integer model calls their integers. */
  readonly written: readonly WrittenTensor[]
  /** Of one of these tensors, in a forward pass. */
  readonly bytesOf: (tensor: WrittenTensor) => number
  readonly compared: ComparedSamples
  readonly title: string
  /** For temporary files. */
  readonly workspace: string
}

/** All tensors, in the order of `written`. */
export async function compareIntegerModel(asked: IntegerComparison): Promise<ComparisonResult> {
  const { runner, float, integer, written, bytesOf, compared, title, workspace } = asked
  const tensors = comparable(written)
  const parts = partsOf(tensors, bytesOf, MOST_COMPARED_BYTES)
  const folder = await mkdtemp(join(workspace, 'compare-'))
  const names = tensors.map(({ name }) => name)
  const reference = await comparedFloat(float, names, folder)
  const results: ComparisonResult[] = []
  for (const [i, part] of parts.entries()) {
    const ofPart = await mkdtemp(join(folder, 'part-'))
    const comparison = await integerComparison(reference, integer, tensors, part, ofPart)
    const partTitle = parts.length === 1 ? title : `${title}, part ${i + 1} of ${parts.length}`
    results.push(await compareModels(runner, comparison, compared, partTitle))
    await rm(ofPart, { recursive: true })
  }
  await rm(folder, { recursive: true })
  return { samples: results[0]!.samples, tensors: results.flatMap((result) => result.tensors) }
}

/** In order, each as many as fit; at least one part, though it be empty. */
export function partsOf<T>(tensors: readonly T[], bytesOf: (tensor: T) => number, most: number): T[][] {
  const parts: T[][] = [[]]
  let bytes = 0
  for (const tensor of tensors) {
    const own = bytesOf(tensor)
    if (bytes + own > most && parts.at(-1)!.length > 0) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)!.push(tensor)
    bytes += own
  }
  return parts
}
