// Loads the ES module given with -uds and finds the export that -if names. The same on the main thread and in workers.

import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { listed, messageOf, SquireError } from '../../errors.js'
import { squireFolder } from '../../version.js'
import type { Dataset, DatasetFactory, InferFunction } from '../types.js'
import { isDefinedDataset } from './defineDataset.js'

/** What an export can be: code that drives the model, or data that squire drives through it. */
export type UserExport =
  | { readonly kind: 'function'; readonly infer: InferFunction }
  | { readonly kind: 'dataset'; readonly factory: DatasetFactory }

/** What to do where a function that was meant to make a dataset is taken for an infer function: nothing tells the two apart but the mark. */
export const wrapAdvice = 'If it is a function that makes a dataset, export it wrapped: defineDataset(...).'

/** The same for a function that the library is given. */
export const valueAdvice = 'If it makes a dataset, give that as the option "dataset" instead of "infer".'

/** Whether a script is for an interpreter of its own. */
export function isPython(script: string): boolean {
  return path.extname(script) === '.py'
}

const extensions = ['.mjs', '.js', '.ts', '.mts']

/**
 * @param script absolute path of an ES module: .mjs and .js are loaded by Node itself, .ts through jiti
 * @throws SquireError USER_SCRIPT: no such file, it does not load (message and line), no such export, or an export of another kind
 */
export async function loadUserScript(script: string, exportName: string): Promise<UserExport> {
  const exported = await importScript(script)
  if (!Object.hasOwn(exported, exportName)) {
    const names = Object.keys(exported)
      .filter((name) => name !== 'module.exports')
      .sort()
    const has = names.length === 0 ? 'it exports nothing' : `it exports ${listed(names)}`
    throw new SquireError('USER_SCRIPT', `${script} has no export "${exportName}" (-if): ${has}`)
  }
  const value = exported[exportName]
  if (isDefinedDataset(value)) return { kind: 'dataset', factory: value }
  if (typeof value === 'function') return { kind: 'function', infer: value as InferFunction }
  if (isDatasetObject(value)) return { kind: 'dataset', factory: () => value }
  throw new SquireError(
    'USER_SCRIPT',
    `export "${exportName}" of ${script} is ${value === null ? 'null' : `of type ${typeof value}`}, expected an infer function (executor) => metric, or a dataset object with size() and load(index)`,
  )
}

export function isDatasetObject(value: unknown): value is Dataset {
  return typeof value === 'object' && value !== null && 'size' in value && 'load' in value
}

async function importScript(script: string): Promise<Record<string, unknown>> {
  const extension = path.extname(script)
  if (!extensions.includes(extension)) {
    throw new SquireError(
      'USER_SCRIPT',
      `${script} (-uds) must be an ES module or a Python script: ${listed([...extensions, '.py'])}`,
    )
  }
  await requireFile(script)
  try {
    return await (extension.endsWith('ts') ? importTypeScript(script) : import(pathToFileURL(script).href))
  } catch (error) {
    if (error instanceof SquireError) throw error
    const text = messageOf(error).replace(/\s+/g, ' ').trim()
    const place = error instanceof SyntaxError ? await syntaxErrorLine(script) : firstFrame(error)
    const where = place === undefined ? '' : ` (${place})`
    throw new SquireError('USER_SCRIPT', `cannot load ${script} (-uds): ${text}${where}${installAdvice(text)}`, {
      cause: error,
    })
  }
}

/** @throws SquireError USER_SCRIPT when there is no such script */
export async function requireFile(script: string): Promise<void> {
  const found = await stat(script).catch(() => undefined)
  if (!found?.isFile()) throw new SquireError('USER_SCRIPT', `no such file: ${script} (-uds)`)
}

/** The command is found everywhere, the package that scripts import only where it is installed. */
function installAdvice(text: string): string {
  if (!/Cannot find (?:package|module) 'squire-quant'/.test(text)) return ''
  return `. Install it in the script's project: npm install ${squireFolder()}. An object with size() and load() needs no import`
}

async function importTypeScript(script: string): Promise<Record<string, unknown>> {
  // Loaded when first needed: that takes as long as a worker's start.
  const { createJiti } = await import('jiti')
  // No cache on disk: nothing is written outside the save-dir, and workers that start together do not race for it.
  return createJiti(import.meta.url, { fsCache: false }).import(script)
}

/** "file:line" of the first frame of what a script threw that is not Node's own. The messages of jiti's own errors have it already. */
export function firstFrame(error: unknown): string | undefined {
  const frame = /^ +at (?:.*?[( ])?(?:file:\/\/)?(\/[^()]*:\d+):\d+\)?$/m
  try {
    return error instanceof Error ? frame.exec(String(error.stack))?.[1] : undefined
  } catch {
    // What a script throws may itself throw when it is looked at: such an error has no place.
    return undefined
  }
}

/** "file:line" of a syntax error. Node tells it only as it exits, so a second one looks at the file; undefined if the fault is in an import. */
function syntaxErrorLine(script: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--check', script], (_error, _stdout, stderr) => {
      resolve(/^(?:file:\/\/)?(\/.*:\d+)$/m.exec(stderr)?.[1])
    })
  })
}
