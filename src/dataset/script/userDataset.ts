// A dataset object of the user's as squire takes it: checked, its failures named after the sample.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inText, SquireError } from '../../errors.js'
import { dataDigest, NO_CONTENT } from '../identity.js'
import { numberedId, type OpenedDataset } from '../opened.js'
import type { UserSource } from '../source.js'
import { sampleFeeds } from '../tensors/sampleFeeds.js'
import type { Dataset, Metric, ModelInput } from '../types.js'
import { awaited, called } from './userCode.js'
import { explainedMetric } from './userMetric.js'
import { loadUserScript } from './userScript.js'

/** @throws SquireError USER_SCRIPT when the export is no dataset or lacks a member, DATA when it is empty */
export async function openUserDataset(source: UserSource, inputs: readonly ModelInput[]): Promise<OpenedDataset> {
  const { script, exportName, data, batchSize } = source
  const name = `dataset "${exportName}" of ${script}`
  const exported = await loadUserScript(script, exportName)
  if (exported.kind !== 'dataset') {
    throw new SquireError('USER_SCRIPT', `export "${exportName}" of ${script} is an infer function, expected a dataset`)
  }
  const dataset = await awaited(`${name} cannot be made`, () => exported.factory({ data, batchSize, inputs }))
  requireMembers(dataset, name)
  const size = await awaited(`size() of ${name} threw`, () => dataset.size())
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new SquireError('USER_SCRIPT', `size() of ${name} gave ${inText(size)}, expected a whole number`)
  }
  if (size === 0)
    throw new SquireError('DATA', `${name} is empty: size() gave 0${data === undefined ? '; was -d left out?' : ''}`)

  const id = (index: number) => {
    if (dataset.id === undefined) return numberedId(index)
    const value: unknown = called(`id(${index}) of ${name} threw`, () => dataset.id!(index))
    if (typeof value === 'string' && value !== '') return value
    throw new SquireError('USER_SCRIPT', `id(${index}) of ${name} gave ${inText(value)}, expected a text`)
  }
  const classOf = (index: number) => {
    const value: unknown = called(`classOf(${index}) of ${name} threw`, () => dataset.classOf!(index))
    if (typeof value === 'string' || typeof value === 'number') return value
    throw new SquireError(
      'USER_SCRIPT',
      `classOf(${index}) of ${name} gave ${inText(value)}, expected a text or a number`,
    )
  }
  /** The whole identity: nothing is known of the samples' contents but what the dataset says itself. */
  const listing = async (indices: Uint32Array): Promise<string> => {
    const hash = createHash('sha256').update(JSON.stringify([exportName, data ?? null]))
    hash.update((await digestOf(dataset, name)) ?? (await readFile(script)))
    for (const index of indices) hash.update(`${id(index)}\n`)
    return hash.digest('hex')
  }
  return {
    source,
    size,
    id,
    metric: dataset.metric === undefined ? undefined : explainedMetric(dataset.metric),
    async load(index) {
      const sampleId = id(index)
      const sample = await awaited(`sample "${sampleId}": load(${index}) threw`, () => dataset.load(index), 'DATA')
      return { feeds: sampleFeeds(sample, inputs, sampleId), label: sample.label }
    },
    ...(dataset.classOf === undefined ? {} : { classes: async () => classOf }),
    listing,
    contents: async () => NO_CONTENT,
    digest: async (indices) => dataDigest(await listing(indices), NO_CONTENT),
    close: async () => {},
  }
}

/** What a dataset says that its samples' content is; undefined where it says nothing. @throws SquireError USER_SCRIPT */
export async function digestOf(dataset: Dataset, name: string): Promise<string | undefined> {
  if (dataset.digest === undefined) return undefined
  const digest: unknown = await awaited(`digest() of ${name} threw`, () => dataset.digest!())
  // Of objects the text would be the same whatever is in them.
  if (typeof digest === 'string') return digest
  throw new SquireError('USER_SCRIPT', `digest() of ${name} gave ${inText(digest)}, expected a text`)
}

/** @throws SquireError USER_SCRIPT when it is no dataset, or something in it throws where it is looked at */
export function requireMembers(dataset: Dataset, name: string): void {
  called(`${name} cannot be used`, () => checkMembers(dataset, name))
}

function checkMembers(dataset: Dataset, name: string): void {
  if (typeof dataset !== 'object' || dataset === null) {
    throw new SquireError(
      'USER_SCRIPT',
      `${name} is ${String(dataset)}, expected an object with size() and load(index)`,
    )
  }
  const missing = (['size', 'load'] as const).find((member) => typeof dataset[member] !== 'function')
  if (missing !== undefined)
    throw new SquireError('USER_SCRIPT', `${name} has no function ${missing}: expected size() and load(index)`)
  const { metric } = dataset
  if (metric === undefined) return
  const members: readonly (keyof Metric)[] = ['initial', 'update', 'merge', 'value']
  const lacking = members.filter((member) => typeof metric?.[member] !== 'function')
  if (lacking.length > 0 || typeof metric.name !== 'string') {
    throw new SquireError(
      'USER_SCRIPT',
      `the metric of ${name} lacks ${lacking.length > 0 ? `${lacking.join('(), ')}()` : 'a name'}: expected { name, initial(), update(state, outputs, label, index), merge(earlier, later), value(state) }`,
    )
  }
}
