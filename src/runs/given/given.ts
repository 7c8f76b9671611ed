// Scales that are given and not calibrated: by a scale JSON (-lsj), by a QDQ model (brought.ts), for inputs that are integers already (-qid), or for the two ends of a
// LayerNormalization (-lt).

import * as v from 'valibot'
import type { Prepared } from '../../calibrate/prepare.js'
import { type Config, quantModes } from '../../config/config.js'
import { issueText } from '../../config/issues.js'
import { parseJson } from '../../config/json.js'
import { fileProblem, SquireError } from '../../errors.js'
import { readRegularText } from '../../files/regularFile.js'
import type { Offset } from '../../offsets/range.js'
import { type IntegerType, isIntegerType } from '../../onnx/edits/inputTypes.js'
import { entryOf } from '../../onnx/entry.js'
import { indexGraph } from '../../onnx/graph.js'
import { modelInputs } from '../../onnx/model.js'
import { DataType, type ModelProto } from '../../onnx/types.js'
import type { GivenAccumulations } from '../../operators/contexts.js'
import type { Reporter } from '../../report/types.js'
import { broughtScales } from './brought.js'
import { dtypesOf } from './inputDtypes.js'

const scaleFile = v.object({
  format: v.literal(1),
  chip: v.string(),
  mode: v.optional(v.picklist(quantModes)),
  options: v.optional(v.record(v.string(), v.unknown())),
  tensors: v.record(
    v.string(),
    v.object({ scale: v.pipe(v.number(), v.finite(), v.gtValue(0)), bits: v.number(), offset: v.optional(v.number()) }),
  ),
})

/**
 * Where zero points come from.
 * 'found': they are chosen from the statistics.
 * 'exact': another run had them, by tensor.
 * 'folded': another run had them, and the model has them in its biases already.
 * 'wished': the model brings them by scale group; the groups that can have one get it.
 */
export type GivenZeroPoints =
  | { readonly kind: 'found' }
  | { readonly kind: 'exact' | 'folded'; readonly offsets: ReadonlyMap<string, number> }
  | { readonly kind: 'wished'; readonly wished: ReadonlyMap<string, Offset> }

export interface Given {
  /** Tensor -> scale. */
  readonly scales: ReadonlyMap<string, number>
  /** Scale group -> threshold, which takes the place of a calibrated one. */
  readonly thresholds: ReadonlyMap<string, number>
  readonly zeroPoints: GivenZeroPoints
  readonly accumulations: GivenAccumulations
  /** What the run that made the scales says of itself; undefined where no run made them. */
  readonly origin: Pick<v.InferOutput<typeof scaleFile>, 'mode' | 'options'> | undefined
}

/** @throws SquireError CONFIG for what does not fit the model */
export async function givenScales(config: Config, prepared: Prepared, reporter: Reporter): Promise<Given> {
  if (config.loadScaleJson !== undefined) return loadScales(config.loadScaleJson, config, prepared)
  const { qdq } = prepared
  const brought = qdq === undefined ? nothing : broughtScales(config, prepared, qdq, reporter)
  const asked = [...inputScales(config, prepared), ...layerScales(config, prepared)]
  return { ...brought, scales: new Map([...brought.scales, ...asked]) }
}

const nothing: Given = {
  scales: new Map(),
  thresholds: new Map(),
  zeroPoints: { kind: 'found' },
  accumulations: {},
  origin: undefined,
}

async function loadScales(path: string, { chip }: Config, { plan, qdq }: Prepared): Promise<Given> {
  const file = await parsedFile(path)
  const wrong = (problem: string) => new SquireError('CONFIG', `--load-scale-json (-lsj) ${path}: ${problem}`)
  if (file.chip !== chip) throw wrong(`its scales are for ${file.chip}, this run is for ${chip}`)
  for (const { tensors } of plan.groups) {
    const missing = tensors.find((name) => file.tensors[name] === undefined)
    if (missing === undefined) continue
    throw wrong(
      `it has no scale of tensor "${missing}". Give the scales of this very model, made with the same -on and -uis.`,
    )
  }
  const scales = new Map(Object.entries(file.tensors).map(([name, { scale }]) => [name, scale]))
  const offsets = Object.entries(file.tensors).flatMap(([name, { offset }]) =>
    offset === undefined || !plan.groupOf.has(name) ? [] : [[name, offset] as const],
  )
  const weightScales = qdq === undefined ? {} : { weightScales: qdq.weights }
  return {
    scales,
    thresholds: new Map(),
    zeroPoints: { kind: 'exact', offsets: new Map(offsets) },
    accumulations: weightScales,
    origin: { mode: file.mode, options: file.options },
  }
}

async function parsedFile(path: string): Promise<v.InferOutput<typeof scaleFile>> {
  let text: string
  try {
    text = await readRegularText(path)
  } catch (cause) {
    throw new SquireError('CONFIG', `--load-scale-json (-lsj): cannot read ${path}: ${fileProblem(cause)}`, { cause })
  }
  const result = v.safeParse(scaleFile, await parseJson(text, path))
  if (result.success) return result.output
  throw new SquireError(
    'CONFIG',
    `--load-scale-json (-lsj) ${path} is no scale JSON of squire's: ${issueText(result.issues[0])}; give the *_scale.json that -gsj wrote`,
  )
}

/** The real values of an integer input are its integers. At 8 bits uint8 keeps them all less 128; where the model does not take 128 from them, every second one. */
function inputScales(config: Config, { model, plan }: Prepared): [string, number][] {
  const { bitWidth } = config
  const { graph } = model.proto
  const index = indexGraph(graph)
  const inputs = modelInputs(model.proto)
  const dtypes = dtypesOf(config, inputs)
  return inputs.flatMap(({ name }, i): [string, number][] => {
    const dtype = dtypes[i]
    if (dtype === undefined || dtype === 'float32') return []
    const entry = graph.node.find((node) => dtype === 'uint8' && bitWidth === 8 && entryOf(node, index) === name)
    if (entry !== undefined) return [[entry.output[0]!, 1]]
    if (!plan.groupOf.has(name)) return []
    return [[name, dtype === 'uint8' && bitWidth === 8 ? Math.fround(255 / 127) : 1]]
  })
}

/** `-lt IN OUT`: the largest magnitudes that are kept at the input and at the output of every LayerNormalization. */
function layerScales({ layerThreshold, bitWidth }: Config, { model, plan }: Prepared): [string, number][] {
  if (layerThreshold === undefined) return []
  const largest = 2 ** (bitWidth - 1) - 1
  const [into, from = into] = layerThreshold as [number, number?]
  const layers = model.proto.graph.node.filter(({ opType }) => opType === 'LayerNormalization')
  if (layers.length === 0) {
    throw new SquireError('CONFIG', '--layer-threshold (-lt): the model has no LayerNormalization. Leave it away.')
  }
  return layers.flatMap(({ input, output }) =>
    [[input[0]!, into] as const, [output[0]!, from] as const]
      .filter(([name]) => plan.groupOf.has(name))
      .map(([name, threshold]): [string, number] => [name, Math.fround(threshold / largest)]),
  )
}

/** The inputs that -qid or input-configs make integers. */
export function inputTypes(config: Config, proto: ModelProto): ReadonlyMap<string, IntegerType> {
  const inputs = modelInputs(proto)
  const dtypes = dtypesOf(config, inputs)
  return new Map(
    inputs.flatMap(({ name }, i): [string, IntegerType][] => {
      const type = dtypes[i]
      return isIntegerType(type) ? [[name, type]] : []
    }),
  )
}

/** @throws SquireError CONFIG for an integer type that an input cannot have */
export function checkInputDtypes(config: Config, { proto }: Prepared['model']): void {
  const { quantizeInputDtype, chip, bitWidth } = config
  const inputs = modelInputs(proto)
  if (
    quantizeInputDtype !== undefined &&
    quantizeInputDtype.length > 1 &&
    quantizeInputDtype.length !== inputs.length
  ) {
    throw new SquireError(
      'CONFIG',
      `--quantize-input-dtype (-qid): ${quantizeInputDtype.length} types for ${inputs.length} inputs; give one, or one for each`,
    )
  }
  const dtypes = dtypesOf(config, inputs)
  for (const [i, { name, dataType }] of inputs.entries()) {
    const dtype = dtypes[i]
    if (dtype === undefined) continue
    if (dtype === 'int16' && bitWidth < 16) {
      throw new SquireError(
        'CONFIG',
        `--quantize-input-dtype (-qid) int16: the operators that read input "${name}" compute in ${bitWidth} bits on ${chip}`,
      )
    }
    if (dtype !== 'float32' && dtype !== 'None' && dataType !== DataType.FLOAT) {
      throw new SquireError(
        'CONFIG',
        `--quantize-input-dtype (-qid) ${dtype}: input "${name}" is not float32, and is left as it is: give float32 or None for it`,
      )
    }
  }
}
