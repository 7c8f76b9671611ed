// ONNX Runtime, and the only module that imports it. One thread a session: squire is parallel across samples,
// and a result cannot depend on how many threads there are.

import './telemetry.js'
import * as ort from 'onnxruntime-node'
import type { ModelInput } from '../../dataset/types.js'
import { listed, messageOf, SquireError } from '../../errors.js'
import { dataTypeOf, isElementType } from '../elements/datatype.js'
import { REFUSED_OUTPUT } from '../names/reserved.js'
import { smallest } from '../smallest.js'
import type { ElementType, TensorData, TensorValue } from '../types.js'

/** One output of a session; dims as in ModelInput. */
export type ModelOutput = ModelInput

export interface Session {
  readonly inputs: readonly ModelInput[]
  /** The outputs that are numeric tensors, in model order; sequences, optionals and strings are left out. */
  readonly outputs: readonly ModelOutput[]
  /**
   * Runs the model once. `feeds` must have been checked or come from checked values: the runtime's own message is all a wrong one gets.
   * `fetches` names the outputs wanted (default: all of `outputs`). As a record, a TensorValue makes the runtime write into its data, which may
   * view a WebAssembly memory that is not shared, and the same TensorValue is returned; null lets the runtime allocate.
   */
  run(
    feeds: Readonly<Record<string, TensorValue>>,
    fetches?: readonly string[] | Readonly<Record<string, TensorValue | null>>,
  ): Promise<Record<string, TensorValue>>
  /** Frees the model. The session must not be used afterwards, nor released while a run is under way. */
  release(): Promise<void>
}

export interface SessionOptions {
  /** The runtime's own optimizer made the model: open it as it is. */
  readonly optimized?: boolean
  /**
   * The weights lie in a file beside the model: the runtime computes with them where they are mapped into memory, which all sessions of a
   * process share, and packs no copies of its own. Large products read each weight once a pass, so that packing gains nothing.
   */
  readonly mapped?: boolean
  /** Where to write what the optimizer makes of the model. It fits this runtime and this processor. */
  readonly saveTo?: string
  /**
   * The runtime gives the memory of tensors back as soon as they are not needed, instead of keeping as much as a pass took at most for the next one. For
   * passes that write many large outputs: the system clears what each of them takes anew.
   */
  readonly isFrugal?: boolean
}

/** The version of ONNX Runtime. */
export const runtimeVersion = (): string => ort.env.versions.common

/** Level 4, fatal only: failures come as exceptions, whose text squire prints itself. */
const options: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4,
}

/** Loads a model from a file (external data beside it) or from its bytes (self-contained). */
export async function createSession(model: string | Uint8Array, how: SessionOptions = {}): Promise<Session> {
  const session = await loadOptimized(model, how)
  const inputs = session.inputMetadata.map(describe)
  const outputs = session.outputMetadata.filter(isNumericTensor).map(describe)
  const runUncopied = session.outputNames.includes(REFUSED_OUTPUT) ? uncopiedRuns(session) : undefined
  const run: Session['run'] = async (feeds, fetches = outputs.map(({ name }) => name)) => {
    if (!isNames(fetches) && (await runUncopied?.(feeds, fetches))) return fetches as Record<string, TensorValue>
    const slots = Object.entries(isNames(fetches) ? Object.fromEntries(fetches.map((name) => [name, null])) : fetches)
    for (const [name] of slots) if (!session.outputNames.includes(name)) throw noOutput(name, session.outputNames)
    const results = await runOnce(session, feeds, slots)
    return Object.fromEntries(slots.map(([name, slot]) => [name, slot ?? fromOrt(results[name]!)]))
  }
  return { inputs, outputs, run, release: () => session.release() }
}

type Fetches = Readonly<Record<string, TensorValue | null>>

/**
 * Runs that leave the values in the caller's arrays without copying them (see src/calibrate/dodges/uncopied.ts). Resolves to false where that cannot be done:
 * an array is missing, or this runtime does not behave as described, which the first run finds out by running twice.
 */
function uncopiedRuns(session: ort.InferenceSession) {
  /** What the refusal says, learned from the first run; null: this runtime does not refuse, or leaves the arrays alone. */
  let refusal: string | null | undefined
  const targets = new WeakMap<Fetches, Record<string, ort.Tensor | null> | undefined>()
  const targetsOf = (fetches: Fetches) => {
    if (!targets.has(fetches)) {
      const whole = Object.values(fetches).every((slot) => slot !== null)
      const overlays = Object.entries(fetches).map(([name, slot]) => [name, slot && overlay(slot)])
      targets.set(fetches, whole ? { [REFUSED_OUTPUT]: null, ...Object.fromEntries(overlays) } : undefined)
    }
    return targets.get(fetches)
  }
  return async (feeds: Readonly<Record<string, TensorValue>>, fetches: Fetches): Promise<boolean> => {
    const target = refusal === null ? undefined : targetsOf(fetches)
    if (target === undefined) return false
    try {
      await session.run(toOrtFeeds(feeds), target)
      refusal = null
    } catch (error) {
      if (refusal === undefined) refusal = (await holdsTheSame(session, feeds, fetches)) ? messageOf(error) : null
      else if (messageOf(error) !== refusal) throw cannotRun(error)
    }
    return refusal !== null
  }
}

/** Values to compare. */
const MOST_COMPARED = 2 ** 20

/** Whether the smallest of the arrays hold what a run with copies gives. Throws if that fails: then it is not the refusal that failed. */
async function holdsTheSame(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, TensorValue>>,
  fetches: Fetches,
) {
  const compared = smallest(Object.entries(fetches), ([, slot]) => slot!.data.length, MOST_COMPARED)
  const copies = await runOnce(
    session,
    feeds,
    compared.map(([name]) => [name, null] as const),
  )
  return compared.every(([name, slot]) => {
    const [held, copy] = [slot!.data, fromOrt(copies[name]!).data]
    return Buffer.from(held.buffer, held.byteOffset, held.byteLength).equals(
      Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength),
    )
  })
}

// The runtime would leave an unknown name out without a word.
function noOutput(name: string, names: readonly string[]): SquireError {
  return new SquireError('MODEL', `the model has no output "${name}": its outputs are ${listed(names)}`)
}

const unoptimized = { graphOptimizationLevel: 'disabled' } as const

/**
 * Where the runtime's optimizer breaks a model, the model is loaded as it is: the optimizer of 1.30 loses the tensors that the branches of some
 * If nodes read.
 */
async function loadOptimized(model: string | Uint8Array, { optimized, saveTo, mapped, isFrugal }: SessionOptions) {
  const unpacked = mapped ? { extra: { session: { disable_prepacking: '1' } } } : {}
  const own = { ...options, ...unpacked, ...(isFrugal && { enableCpuMemArena: false, enableMemPattern: false }) }
  const chosen = { ...own, ...(saveTo !== undefined && { optimizedModelFilePath: saveTo }) }
  if (optimized) return load(model, { ...chosen, ...unoptimized })
  return load(model, chosen).catch((error) =>
    load(model, { ...own, ...unoptimized }).catch(() => Promise.reject(error)),
  )
}

async function load(
  model: string | Uint8Array,
  options: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  try {
    return await (typeof model === 'string'
      ? ort.InferenceSession.create(model, options)
      : ort.InferenceSession.create(model, options))
  } catch (error) {
    const name = typeof model === 'string' ? `"${model}"` : 'the model'
    throw new SquireError('MODEL', `ONNX Runtime cannot load ${name}: ${complaint(error)}`, { cause: error })
  }
}

type Slots = readonly (readonly [name: string, slot: TensorValue | null])[]

async function runOnce(session: ort.InferenceSession, feeds: Readonly<Record<string, TensorValue>>, slots: Slots) {
  try {
    const fetches = Object.fromEntries(slots.map(([name, slot]) => [name, slot && overlay(slot)]))
    return await session.run(toOrtFeeds(feeds), fetches)
  } catch (error) {
    throw cannotRun(error)
  }
}

function toOrtFeeds(feeds: Readonly<Record<string, TensorValue>>): Record<string, ort.Tensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toOrt(value)]))
}

function cannotRun(error: unknown): SquireError {
  return new SquireError('MODEL', `ONNX Runtime cannot run the model: ${complaint(error)}`, { cause: error })
}

/** Where in the runtime's own sources it complains: a file, a line, a function with its parameters, and the condition that does not hold. */
const sourcePlace = /\/onnxruntime_src\/\S+:\d+ [^()]*\((?:[^()]|\([^()]*\))*\)(?: const)? (?:[^.]*? was false\. )?/g

function complaint(error: unknown): string {
  return messageOf(error).replace(sourcePlace, '').trim()
}

function isNames(
  fetches: readonly string[] | Readonly<Record<string, TensorValue | null>>,
): fetches is readonly string[] {
  return Array.isArray(fetches)
}

type Metadata = ort.InferenceSession.ValueMetadata

function isNumericTensor(metadata: Metadata): boolean {
  return metadata.isTensor && isElementType(metadata.type)
}

function describe(metadata: Metadata): ModelInput {
  if (!metadata.isTensor || !isElementType(metadata.type)) {
    throw new SquireError(
      'UNSUPPORTED',
      `model input "${metadata.name}" is not a numeric tensor; squire feeds those only`,
    )
  }
  return { name: metadata.name, dataType: dataTypeOf(metadata.type), dims: metadata.shape }
}

/** The runtime refuses shared memory, so a view of it is copied. */
function toOrt(value: TensorValue): ort.Tensor {
  const shared = value.data.buffer instanceof SharedArrayBuffer
  return overlay(shared ? { ...value, data: value.data.slice() } : value)
}

/**
 * A runtime tensor over the same elements. Where the host has Float16Array (Node 23 and later) a float16 tensor makes one of them, which the
 * binding of onnxruntime-node 1.30 takes for empty (microsoft/onnxruntime#32323); what it reads is the property.
 */
function overlay({ type, data, dims }: TensorValue): ort.Tensor {
  const tensor = new ort.Tensor(type as ort.Tensor.Type, data as ort.Tensor.DataType, dims)
  return type === 'float16' ? Object.defineProperty(tensor, 'data', { value: data }) : tensor
}

function fromOrt({ type, data, dims }: ort.Tensor): TensorValue {
  // Where the host has Float16Array the runtime uses it; squire holds the bit patterns everywhere.
  const { buffer, byteOffset, length } = data as Uint16Array
  const elements = type === 'float16' ? new Uint16Array(buffer, byteOffset, length) : (data as TensorData)
  return { type: type as ElementType, data: elements, dims }
}
