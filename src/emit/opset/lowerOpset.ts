// Lowers nodes to an earlier opset (-ov), where what they say has a form there. An operator that came later, and one that uses what its later
// form added, has none and is named. Changes of element types alone are no changes here: models are float32.
// Source: onnx/docs/Changelog.md, opsets 14 to 26.

import { SquireError } from '../../errors.js'
import { intAttribute, makeAttribute, stringAttribute } from '../../onnx/attribute.js'
import { toNumber } from '../../onnx/elements/int64.js'
import { isStandardDomain, standardOperators } from '../../onnx/operators.js'
import { type AttributeProto, DataType, type NodeProto, type TensorData } from '../../onnx/types.js'
import { mapSubgraphs } from './opset.js'

/** What lowering may ask of the graph around the node. */
export interface LowerSurroundings {
  /** Integers of a constant; undefined for what is computed. */
  constant(tensor: string): readonly number[] | undefined
  /** undefined where they are not known. */
  dims(tensor: string): readonly (number | string)[] | undefined
  /** Adds an initializer. */
  initializer(wish: string, dataType: number, dims: readonly number[], data: TensorData): string
}

/** An attribute that an opset added, and the value that means what was before it. */
interface Added {
  readonly since: number
  readonly attribute: string
  readonly neutral: number | string
}

const added: Readonly<Record<string, readonly Added[]>> = {
  AveragePool: [{ since: 19, attribute: 'dilations', neutral: 1 }],
  BatchNormalization: [{ since: 14, attribute: 'training_mode', neutral: 0 }],
  Cast: [
    { since: 19, attribute: 'saturate', neutral: 1 },
    { since: 24, attribute: 'round_mode', neutral: 'up' },
  ],
  DequantizeLinear: [
    { since: 21, attribute: 'block_size', neutral: 0 },
    { since: 23, attribute: 'output_dtype', neutral: 0 },
  ],
  ...Object.fromEntries(
    ['GRU', 'LSTM', 'RNN'].map((name) => [name, [{ since: 14, attribute: 'layout', neutral: 0 }]] as const),
  ),
  LpPool: [
    { since: 18, attribute: 'ceil_mode', neutral: 0 },
    { since: 18, attribute: 'dilations', neutral: 1 },
  ],
  QuantizeLinear: [
    { since: 19, attribute: 'saturate', neutral: 1 },
    { since: 21, attribute: 'block_size', neutral: 0 },
    { since: 21, attribute: 'output_dtype', neutral: 0 },
    { since: 23, attribute: 'precision', neutral: 0 },
  ],
  Reshape: [{ since: 14, attribute: 'allowzero', neutral: 0 }],
  Resize: [
    { since: 18, attribute: 'antialias', neutral: 0 },
    { since: 18, attribute: 'keep_aspect_ratio_policy', neutral: 'stretch' },
  ],
  RoiAlign: [{ since: 16, attribute: 'coordinate_transformation_mode', neutral: 'output_half_pixel' }],
  ScatterElements: [{ since: 16, attribute: 'reduction', neutral: 'none' }],
  ScatterND: [{ since: 16, attribute: 'reduction', neutral: 'none' }],
  Shape: [{ since: 15, attribute: 'start', neutral: 0 }],
}

/** The node's form before the opset of the change, or why there is none. */
type Lowering = (node: NodeProto, around: LowerSurroundings) => NodeProto | string

const changes: Readonly<Record<string, readonly { readonly since: number; readonly lower: Lowering }[]>> = {
  ...Object.fromEntries(
    ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map(
      (name) => [`Reduce${name}`, [{ since: 18, lower: lowerReduce }]] as const,
    ),
  ),
  GridSample: [{ since: 20, lower: lowerGridSample }],
  Pad: [
    { since: 19, lower: (node) => (stringAttribute(node, 'mode', '') === 'wrap' ? 'its mode is wrap' : node) },
    { since: 18, lower: lowerPad },
  ],
  Resize: [
    { since: 19, lower: refuseSymmetric },
    { since: 18, lower: (node) => (has(node, 'axes') ? 'it names axes' : node) },
  ],
  RoiAlign: [{ since: 16, lower: keepsHalfPixel }],
  ScatterElements: [{ since: 18, lower: refuseExtremes }],
  ScatterND: [{ since: 18, lower: refuseExtremes }],
  Shape: [{ since: 15, lower: (node) => (has(node, 'end') ? 'it ends before the last axis' : node) }],
  Split: [{ since: 18, lower: lowerSplit }],
}

/** @throws SquireError UNSUPPORTED naming every node that has no form in opset `target` */
export function lowerNodes(
  nodes: readonly NodeProto[],
  opset: number,
  target: number,
  around: LowerSurroundings,
): NodeProto[] {
  const failures: string[] = []
  const lowered = lowerAll(nodes, { opset, target, around, failures })
  if (failures.length === 0) return lowered
  throw new SquireError(
    'UNSUPPORTED',
    [
      `--opset-version (-ov) ${target}: the model has opset ${opset}, and squire cannot lower:`,
      ...failures,
      `Leave -ov away, or export the model with opset ${target}.`,
    ].join('\n'),
  )
}

interface Lowered {
  readonly opset: number
  readonly target: number
  readonly around: LowerSurroundings
  readonly failures: string[]
}

function lowerAll(nodes: readonly NodeProto[], lowered: Lowered): NodeProto[] {
  return nodes.map((node) => mapSubgraphs(lowerNode(node, lowered), (inner) => lowerAll(inner.node, lowered)))
}

function lowerNode(node: NodeProto, { opset, target, around, failures }: Lowered): NodeProto {
  if (!isStandardDomain(node.domain)) return node
  const fail = (reason: string) => {
    failures.push(`${node.opType} "${node.name}": ${reason}`)
    return node
  }
  const introduced = standardOperators.get(node.opType) ?? 1
  if (introduced > target) return fail(`it came with opset ${introduced}`)
  let result = node
  for (const { since, lower } of changes[node.opType] ?? []) {
    if (since <= target || since > opset) continue
    const next = lower(result, around)
    if (typeof next === 'string') return fail(next)
    result = next
  }
  for (const { since, attribute, neutral } of added[node.opType] ?? []) {
    const given = result.attribute.find(({ name }) => name === attribute)
    if (given === undefined || since <= target || since > opset) continue
    if (!isNeutral(given, neutral)) return fail(`its ${attribute} came with opset ${since}`)
    result = without(result, attribute)
  }
  return result
}

function isNeutral({ i, s, ints }: AttributeProto, neutral: number | string): boolean {
  if (s !== undefined) return new TextDecoder().decode(s) === neutral
  return (ints ?? [i ?? 0]).every((value) => toNumber(value) === neutral)
}

const has = (node: NodeProto, attribute: string) => node.attribute.some(({ name }) => name === attribute)

function without(node: NodeProto, ...names: readonly string[]): NodeProto {
  return { ...node, attribute: node.attribute.filter(({ name }) => !names.includes(name)) }
}

/** Axes are an attribute before 18, and none are all. */
function lowerReduce(node: NodeProto, { constant }: LowerSurroundings): NodeProto | string {
  const [input, axesInput = ''] = node.input
  const axes = axesInput === '' ? [] : constant(axesInput)
  if (axes === undefined) return 'its axes are computed'
  const rest = { ...without(node, 'noop_with_empty_axes'), input: [input!] }
  if (axes.length > 0) return { ...rest, attribute: [...rest.attribute, makeAttribute('axes', axes)] }
  if (intAttribute(node, 'noop_with_empty_axes', 0) === 0) return rest
  return { ...rest, opType: 'Identity', attribute: [] }
}

function lowerSplit(node: NodeProto, { dims }: LowerSurroundings): NodeProto | string {
  if (!has(node, 'num_outputs')) return node
  const from = dims(node.input[0]!)
  const axis = intAttribute(node, 'axis', 0)
  const size = from?.at(axis)
  if (typeof size !== 'number' || size % node.output.length !== 0) return 'its parts are not known to be equal'
  return without(node, 'num_outputs')
}

/** Paddings of some axes become paddings of all. */
function lowerPad(node: NodeProto, { constant, dims, initializer }: LowerSurroundings): NodeProto | string {
  const [input, padsInput = '', value, axesInput = ''] = node.input
  if (axesInput === '') return { ...node, input: node.input.slice(0, 3) }
  const [pads, axes, rank] = [constant(padsInput), constant(axesInput), dims(input!)?.length]
  if (pads === undefined || axes === undefined || rank === undefined) return 'its axes are not known'
  const all = new Array<number>(2 * rank).fill(0)
  for (const [i, axis] of axes.entries()) {
    const at = axis < 0 ? axis + rank : axis
    all[at] = pads[i]!
    all[at + rank] = pads[i + axes.length]!
  }
  const made = initializer(`${node.name}/pads`, DataType.INT64, [all.length], BigInt64Array.from(all, BigInt))
  return { ...node, input: value ? [input!, made, value] : [input!, made] }
}

/** Since 20 the modes have other names, and volumes are sampled. */
function lowerGridSample(node: NodeProto, { dims }: LowerSurroundings): NodeProto | string {
  if (dims(node.input[0]!)?.length !== 4) return 'it is not known to sample images'
  const mode = stringAttribute(node, 'mode', 'linear')
  const before = mode === 'linear' ? 'bilinear' : mode === 'cubic' ? 'bicubic' : mode
  return { ...node, attribute: [...without(node, 'mode').attribute, makeAttribute('mode', before)] }
}

function refuseSymmetric(node: NodeProto): NodeProto | string {
  const mode = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')
  return mode === 'half_pixel_symmetric' ? 'its coordinates are half_pixel_symmetric' : node
}

function refuseExtremes(node: NodeProto): NodeProto | string {
  const reduction = stringAttribute(node, 'reduction', 'none')
  return reduction === 'max' || reduction === 'min' ? `its reduction ${reduction} came with opset 18` : node
}

/** The default of 16 is another than what was the only mode before. */
function keepsHalfPixel(node: NodeProto): NodeProto | string {
  return has(node, 'coordinate_transformation_mode') ? node : 'its coordinates are half_pixel'
}
