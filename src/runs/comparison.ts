// `squire compare`: a quantization and its float model, two models or two dumps, tensor by tensor over all samples.

import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openRunner } from '../calibrate/open.js'
import { namedComparison } from '../compare/byName.js'
import { type ComparisonResult, compareModels } from '../compare/compare.js'
import { compareDumps } from '../compare/dumps.js'
import { compareIntegerModel, type IntegerComparison } from '../compare/integerModel.js'
import { comparable } from '../compare/models.js'
import { type ConfigOptions, makeConfig } from '../config/config.js'
import { SquireError } from '../errors.js'
import { describedBy } from '../export/description.js'
import type { WrittenTensor } from '../export/tensorNames.js'
import { type IntegerType, takingReals } from '../onnx/edits/inputTypes.js'
import { inSinglePrecision } from '../onnx/import/index.js'
import { modelInputs, readModel } from '../onnx/model.js'
import { inferTensors } from '../onnx/shapes/inference.js'
import { elementCount } from '../onnx/tensor.js'
import { DataType, type Model, type ModelProto } from '../onnx/types.js'
import type { ComparedRow } from '../report/text/comparison.js'
import type { Reporter } from '../report/types.js'
import { type RunOptions, withPool } from './run.js'

export interface Compared {
  readonly samples: number
  readonly rows: readonly ComparedRow[]
}

/** What is compared: the first is the reference. */
export type Sides =
  | { readonly kind: 'quantization'; readonly folder: string }
  | { readonly kind: 'pair'; readonly a: string; readonly b: string }

/** What is known of a row before anything is compared. */
export type Place = Pick<ComparedRow, 'index' | 'tensor' | 'operator'>

/**
 * @param options where the samples come from; the model is filled in
 * @param check may refuse what is to be compared before any model runs
 */
export async function compareSides(
  sides: Sides,
  options: Omit<ConfigOptions, 'model'>,
  reporter: Reporter,
  run: RunOptions,
  check: (places: readonly Place[]) => void,
): Promise<Compared> {
  if (sides.kind === 'pair' && (await isFolder(sides.a)) && (await isFolder(sides.b))) {
    return withKinds(await compareDumps(sides.a, sides.b), new Map())
  }
  const [reference, candidate] = sides.kind === 'pair' ? [sides.a, sides.b] : await filesIn(sides.folder)
  const config = makeConfig({ ...options, model: reference })
  return withPool(config, reporter, run, async ({ pool, workspace, signal, closeAtEnd }) => {
    const [float, other] = await Promise.all([readFed(reference), readFed(candidate)])
    refuseIntegers(float.proto, reference)
    if (isRewritten(other.proto) && !reference.endsWith(OPTIMIZED)) reporter.warn(otherValues(reference, candidate))
    const runner = await openRunner({ config, model: float, pool, store: undefined, reporter, signal, workspace })
    closeAtEnd(runner)
    const last = runner.iterations.at(-1)!
    const compared = { iteration: last, of: 'evaluation', most: Number.POSITIVE_INFINITY } as const
    const kinds = kindsOf(other.proto)
    const announce = (tensors: readonly string[]) => check(tensors.map((tensor, i) => placeOf(tensor, i, kinds)))
    const asked = { runner, compared, title: 'comparing', workspace, announce }
    return withKinds(await compareProtos(float.proto, other.proto, asked), kinds)
  })
}

/** A model that takes float32 where the quantized one does. */
async function readFed(path: string): Promise<Model> {
  return inSinglePrecision(await readModel(path)).model
}

/** Integers of one model beside values or integers of another would be compared without their scales. */
function refuseIntegers(proto: ModelProto, path: string): void {
  if ((describedBy(proto)?.tensors ?? []).length === 0) return
  throw new SquireError(
    'CONFIG',
    `${path} is an integer model of squire's, and the first model is what the second is compared with: give the float model first. ` +
      'Two quantizations are compared by `squire report DIR_A DIR_B`.',
  )
}

/** The float model that a run wrote: all that the run did to it is in it. */
const OPTIMIZED = join('steps', 'optimized.onnx')

/** Whether the run changed what tensors hold: zero points are taken off, channels are scaled. */
function isRewritten(proto: ModelProto): boolean {
  const { tensors = [], options = {} } = describedBy(proto) ?? {}
  // A QDQ model does not list its tensors.
  const { zeroPoints = 'none', equalize } = options
  const isMoved = tensors.length > 0 ? tensors.some(({ offset = 0 }) => offset !== 0) : zeroPoints !== 'none'
  return isMoved || equalize === true
}

function otherValues(reference: string, candidate: string): string {
  return (
    `the tensors of ${candidate} were moved by zero points or scaled by --equalize, and those of ${reference} were not: they look worse than they are. ` +
    `Compare with ${OPTIMIZED} of the run that wrote it, or give the folder of the run by --quant-dir (-qd).`
  )
}

interface Asked extends Pick<IntegerComparison, 'runner' | 'compared' | 'title' | 'workspace'> {
  /** Is told the tensors, in the order of the rows, before they are compared. */
  readonly announce: (tensors: readonly string[]) => void
}

async function compareProtos(float: ModelProto, other: ModelProto, asked: Asked): Promise<ComparisonResult> {
  const written = describedBy(other)?.tensors ?? []
  const known = new Set([
    ...modelInputs(float).map(({ name }) => name),
    ...float.graph.node.flatMap(({ output }) => output),
  ])
  const tensors = written.filter(({ name }) => known.has(name))
  if (tensors.length === 0) {
    const { runner, compared, title, workspace } = asked
    const comparison = await namedComparison(float, other, workspace)
    asked.announce(comparison.tensors.map(({ reference }) => reference))
    return compareModels(runner, comparison, compared, title)
  }
  asked.announce(comparable(tensors).map(({ name }) => name))
  const integer = asFed(other)
  // A quantized model is static.
  const dims = new Map((await inferTensors(integer)).map((tensor) => [tensor.name, tensor.dims.map(Number)]))
  const bytesOf = ({ integers }: WrittenTensor) => 4 * elementCount(dims.get(integers) ?? [])
  return compareIntegerModel({ ...asked, float, integer, written: tensors, bytesOf })
}

const integerTypes: ReadonlyMap<number, IntegerType> = new Map([
  [DataType.INT8, 'int8'],
  [DataType.UINT8, 'uint8'],
  [DataType.INT16, 'int16'],
])

/** A model that takes integers (-qid), fed with what the float model is fed. */
function asFed(proto: ModelProto): ModelProto {
  const types = modelInputs(proto).flatMap(({ name, dataType }) => {
    const type = integerTypes.get(dataType)
    return type === undefined ? [] : [[name, type] as const]
  })
  return types.length === 0 ? proto : takingReals(proto, new Map(types))
}

/** Kind of operator by the tensor that it writes. */
function kindsOf(proto: ModelProto): ReadonlyMap<string, ComparedRow['operator']> {
  const described = describedBy(proto)?.operators ?? []
  const own = described.flatMap(({ outputs, name, kind, nodes }) =>
    (outputs as string[]).map(
      (output) => [output, { name: String(name), kind: String(kind), nodes: nodes as string[] }] as const,
    ),
  )
  const nodes = proto.graph.node.flatMap(({ output, name, opType }) =>
    output.map((tensor) => [tensor, { name: name || opType, kind: opType, nodes: [opType] }] as const),
  )
  return new Map<string, ComparedRow['operator']>(own.length > 0 ? own : nodes)
}

function withKinds({ samples, tensors }: ComparisonResult, kinds: ReturnType<typeof kindsOf>): Compared {
  return { samples, rows: tensors.map((entry, i): ComparedRow => ({ ...placeOf(entry.tensor, i, kinds), ...entry })) }
}

function placeOf(tensor: string, index: number, kinds: ReturnType<typeof kindsOf>): Place {
  return { index, operator: kinds.get(tensor) ?? { name: '', kind: 'input', nodes: [] }, tensor }
}

/** The float model and the integer model of a quantization. @throws SquireError CONFIG where they are not there */
async function filesIn(folder: string): Promise<readonly [string, string]> {
  const float = join(folder, OPTIMIZED)
  const integer = join(folder, 'steps', 'output_all_layers_quantize.onnx')
  if (existsSync(float) && existsSync(integer)) return [float, integer]
  const entries = await readdir(folder).catch(() => [])
  const inside = entries.filter((name) => existsSync(join(folder, name, 'steps', 'output_all_layers_quantize.onnx')))
  const hint = inside.length > 0 ? ` It has several quantizations: give one, as -qd ${join(folder, inside[0]!)}.` : ''
  throw new SquireError(
    'CONFIG',
    `--quant-dir (-qd): ${folder} is not the folder of a quantization, with steps/ inside.${hint}`,
  )
}

async function isFolder(path: string): Promise<boolean> {
  const entry = await stat(path).catch(() => undefined)
  if (entry === undefined) throw new SquireError('CONFIG', `${path}: no such file or folder`)
  return entry.isDirectory()
}
