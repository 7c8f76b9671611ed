// What changed in the operators from opset 8 to 18, and how a node gets its later form. Operators not in the table mean the same in all of them.
// Source: onnx/docs/Changelog.md.

import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  makeAttribute,
  stringAttribute,
} from '../../onnx/attribute.js'
import { makeNode } from '../../onnx/node.js'
import { DataType, type NodeProto, type TensorData } from '../../onnx/types.js'

/** What an upgrade may ask of the graph around the node. */
export interface Surroundings {
  /** Adds an initializer to the main graph, from where subgraphs may read it too. */
  initializer(wish: string, dataType: number, dims: readonly number[], data: TensorData): string
  /** A name for a tensor between two nodes. */
  name(wish: string): string
  /** undefined where it is not known. */
  rank(tensor: string): number | undefined
  /** undefined where it is not known. */
  dataType(tensor: string): number | undefined
}

/** The node's form at the opset of the change, or why there is none. */
type Upgrade = (node: NodeProto, around: Surroundings) => readonly NodeProto[] | string

export interface Change {
  /** The first opset with the new form. */
  readonly since: number
  readonly upgrade: Upgrade
}

/** By operator type, in the order of the opsets. */
export const changes: Readonly<Record<string, Change | readonly Change[]>> = {
  BatchNormalization: [
    { since: 9, upgrade: upgradeBatchNormalization },
    { since: 14, upgrade: upgradeTrainedNormalization },
  ],
  Clip: { since: 11, upgrade: upgradeClip },
  Dropout: { since: 12, upgrade: upgradeDropout },
  Hardmax: { since: 13, upgrade: upgradeSoftmax },
  LogSoftmax: { since: 13, upgrade: upgradeSoftmax },
  Pad: { since: 11, upgrade: upgradePad },
  ReduceSum: { since: 13, upgrade: upgradeAxes },
  Resize: { since: 11, upgrade: upgradeResize },
  Scan: { since: 9, upgrade: () => 'it has another meaning before opset 9' },
  Scatter: { since: 13, upgrade: (node) => [{ ...node, opType: 'ScatterElements' }] },
  Slice: { since: 10, upgrade: upgradeSlice },
  Softmax: { since: 13, upgrade: upgradeSoftmax },
  RoiAlign: { since: 16, upgrade: upgradeRoiAlign },
  ...Object.fromEntries(
    ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map((name) => [
      `Reduce${name}`,
      { since: 18, upgrade: upgradeAxes },
    ]),
  ),
  Split: [
    { since: 13, upgrade: (node, around) => [toInputs(node, around, ['split'])] },
    { since: 18, upgrade: upgradeEvenSplit },
  ],
  Squeeze: { since: 13, upgrade: upgradeAxes },
  TopK: { since: 10, upgrade: upgradeTopK },
  Unsqueeze: { since: 13, upgrade: upgradeAxes },
  Upsample: { since: 13, upgrade: upgradeResize },
}

export function without(node: NodeProto, ...names: readonly string[]): NodeProto {
  return { ...node, attribute: node.attribute.filter(({ name }) => !names.includes(name)) }
}

/** INTS attributes become inputs behind the ones there are, in this order; an absent one is an omitted input. */
function toInputs(node: NodeProto, around: Surroundings, names: readonly string[]): NodeProto {
  const inputs = names.map((name) => {
    const values = intsAttribute(node, name, undefined)
    return values === undefined ? '' : integers(around, `${node.name}/${name}`, values)
  })
  while (inputs.at(-1) === '') inputs.pop()
  return { ...without(node, ...names), input: [...node.input, ...inputs] }
}

export function integers(around: Surroundings, wish: string, values: readonly number[]): string {
  return around.initializer(wish, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt))
}

function upgradeAxes(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  return [toInputs(node, around, ['axes'])]
}

function upgradeSlice(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  return [toInputs(node, around, ['starts', 'ends', 'axes'])]
}

function upgradeTopK(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  const k = integers(around, `${node.name}/k`, [intAttribute(node, 'k', 1)])
  return [{ ...without(node, 'k'), input: [...node.input, k] }]
}

function upgradeClip(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const type = around.dataType(node.input[0]!)
  if (type !== undefined && type !== DataType.FLOAT) return 'it clips elements that are not float32'
  const bounds = (['min', 'max'] as const).map((name) => {
    const value = floatAttribute(node, name, Number.NaN)
    return Number.isNaN(value) ? '' : float(around, `${node.name}/${name}`, value)
  })
  return [{ ...without(node, 'min', 'max'), input: [...node.input, ...bounds] }]
}

function upgradePad(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const type = around.dataType(node.input[0]!)
  const value = floatAttribute(node, 'value', 0)
  if (value !== 0 && type !== undefined && type !== DataType.FLOAT) return 'it pads elements that are not float32'
  const padded = toInputs(node, around, ['pads'])
  const constant = value === 0 ? [] : [float(around, `${node.name}/value`, value)]
  return [{ ...without(padded, 'value'), input: [...padded.input, ...constant] }]
}

function float(around: Surroundings, wish: string, value: number): string {
  return around.initializer(wish, DataType.FLOAT, [], Float32Array.of(value))
}

/** Upsample, and Resize of opset 10: element i of the output is at i / scale of the input. */
function upgradeResize(node: NodeProto, around: Surroundings): readonly NodeProto[] {
  const scales = floatsAttribute(node, 'scales', undefined)
  const input =
    scales === undefined
      ? node.input[1]!
      : around.initializer(`${node.name}/scales`, DataType.FLOAT, [scales.length], Float32Array.from(scales))
  const attributes = [
    makeAttribute('mode', stringAttribute(node, 'mode', 'nearest')),
    makeAttribute('coordinate_transformation_mode', 'asymmetric'),
    makeAttribute('nearest_mode', 'floor'),
  ]
  return [makeNode('Resize', [node.input[0]!, '', input], node.output, attributes, node.name)]
}

function upgradeDropout(node: NodeProto): readonly NodeProto[] | string {
  if (node.output.length > 1 && node.output[1] !== '') return 'its mask is read'
  return [without(node, 'ratio', 'is_test')]
}

function upgradeBatchNormalization(node: NodeProto): readonly NodeProto[] | string {
  if (intAttribute(node, 'spatial', 1) === 0) return 'it normalizes every element on its own'
  return [without(node, 'spatial')]
}

/** Since 14 statistics are outputs in training only. */
function upgradeTrainedNormalization(node: NodeProto): readonly NodeProto[] | string {
  return node.output.filter(Boolean).length > 1 ? 'its statistics are read' : [node]
}

/** The default of coordinate_transformation_mode changed. */
function upgradeRoiAlign(node: NodeProto): readonly NodeProto[] {
  return [
    { ...node, attribute: [...node.attribute, makeAttribute('coordinate_transformation_mode', 'output_half_pixel')] },
  ]
}

/** A split into equal parts says since 18 how many. */
function upgradeEvenSplit(node: NodeProto): readonly NodeProto[] {
  if (node.input[1]) return [node]
  return [{ ...node, attribute: [...node.attribute, makeAttribute('num_outputs', node.output.length)] }]
}

/** Before 13 all axes from `axis` on are one; since 13 `axis` is the only one. They agree where it is the last. */
function upgradeSoftmax(node: NodeProto, around: Surroundings): readonly NodeProto[] | string {
  const rank = around.rank(node.input[0]!)
  if (rank === undefined) return 'the rank of its input is not known'
  const given = intAttribute(node, 'axis', 1)
  const axis = given < 0 ? given + rank : given
  const last = [...without(node, 'axis').attribute, makeAttribute('axis', -1)]
  if (axis === rank - 1) return [{ ...node, attribute: last }]
  const [shape, flat, result] = ['shape', 'flat', 'result'].map((part) => around.name(`${node.name}/${part}`)) as [
    string,
    string,
    string,
  ]
  return [
    makeNode('Shape', [node.input[0]!], [shape], [], `${node.name}/Shape`),
    makeNode('Flatten', [node.input[0]!], [flat], [makeAttribute('axis', axis)], `${node.name}/Flatten`),
    { ...node, input: [flat], output: [result], attribute: last },
    makeNode('Reshape', [result, shape], node.output, [], `${node.name}/Reshape`),
  ]
}
