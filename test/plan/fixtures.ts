// Tiny graphs for the tests of this folder, and their plans.

import { chipProfile } from '../../src/fixedpoint/chip.js'
import { encodeModel } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { makeTensor } from '../../src/onnx/tensor.js'
import { type AttributeProto, DataType, type Model, type NodeProto, type TensorProto } from '../../src/onnx/types.js'
import { isFallback } from '../../src/operators/index.js'
import { oneWidth, type PlanOptions } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import type { Plan } from '../../src/plan/types.js'
import type { PlannedByKind } from '../operators/kinds.js'

type Dims = readonly number[]

/** A float constant, filled with 1 unless values are given. */
export function floats(name: string, dims: Dims, values?: readonly number[]): TensorProto {
  const size = dims.reduce((product, dim) => product * dim, 1)
  return makeTensor(name, DataType.FLOAT, dims, values ? Float32Array.from(values) : new Float32Array(size).fill(1))
}

export function ints(name: string, values: readonly number[]): TensorProto {
  return makeTensor(name, DataType.INT64, [values.length], BigInt64Array.from(values, BigInt))
}

/** A node named after its first output. */
export function node(type: string, inputs: string, outputs: string, ...attributes: AttributeProto[]): NodeProto {
  const names = outputs.split(' ')
  return makeNode(type, inputs.split(' '), names, attributes, names[0])
}

export interface GraphParts {
  readonly nodes: readonly NodeProto[]
  readonly constants?: readonly TensorProto[]
  /** Graph inputs; default: x [1, 4, 8, 8]. */
  readonly inputs?: Readonly<Record<string, Dims>>
  /** Graph outputs; default: y. */
  readonly outputs?: readonly string[]
  readonly opset?: number
}

export function modelOf({ nodes, constants = [], inputs, outputs = ['y'], opset = 17 }: GraphParts): Model {
  const fed = Object.entries(inputs ?? { x: [1, 4, 8, 8] })
  const graph = makeGraph({
    nodes,
    inputs: fed.map(([name, dims]) => makeValueInfo(name, DataType.FLOAT, dims)),
    outputs: outputs.map((name) => ({ name })),
    initializers: constants,
  })
  const proto = makeModel(graph, opset)
  return { proto, path: '/model.onnx', hash: String(encodeModel(proto).length) }
}

/** The plan of a graph, its dims from a run on zeros. */
export async function planOf(parts: GraphParts, options: Pick<PlanOptions, 'unifyInputs'> = {}): Promise<Plan> {
  const model = modelOf(parts)
  const feeds = Object.entries(parts.inputs ?? { x: [1, 4, 8, 8] }).map(([name, dims]) => {
    const size = dims.reduce((product, dim) => product * dim, 1)
    return [name, { type: 'float32' as const, dims, data: new Float32Array(size) }] as const
  })
  const shapes = await shapesFor(model, Object.fromEntries(feeds))
  return makePlan(model, shapes, { ...oneWidth(chipProfile('TX5105C'), 8), ...options })
}

/** The operator of a kind; the first one. */
export function find<K extends keyof PlannedByKind>(plan: Plan, kind: K): PlannedByKind[K] {
  const operator = plan.operators.find((candidate) => candidate.kind === kind)
  if (!operator) throw new Error(`no ${kind} among ${plan.operators.map((candidate) => candidate.kind)}`)
  return operator as PlannedByKind[K]
}

export const kinds = (plan: Plan) => plan.operators.map(({ kind }) => kind)

/** The reason of the software operator that writes a tensor. */
export function reasonOf(plan: Plan, output: string): string | undefined {
  const operator = plan.operators.filter(isFallback).find(({ outputs }) => outputs.includes(output))
  if (!operator) throw new Error(`"${output}" is not written by software`)
  return operator.reason
}

/** A pointwise convolution of 4 channels with its constants. */
export function pointwise(input: string, output: string): { node: NodeProto; constants: TensorProto[] } {
  return { node: node('Conv', `${input} ${output}_w`, output), constants: [floats(`${output}_w`, [4, 4, 1, 1])] }
}
