// Scans whose steps are operators of the chip. Each tensor of a step has the name of the sequence that its values make up outside, where the float
// graph has one: calibration observes the sequence.

import { indexGraph } from '../../onnx/graph.js'
import { isRecurrent, recurrentLayer } from '../../onnx/passes/recurrent/layer.js'
import { renameAll } from '../../onnx/renaming.js'
import { isScan, type ScanForm, type ScanSequence, scanForm } from '../../onnx/scan.js'
import type { GraphProto, NodeProto } from '../../onnx/types.js'
import type { FloatConstant, GraphView } from '../../plan/view.js'
import type { Divide, Match, PlannedOperator, Refusal } from '../types.js'

/** Hands a state on: reads what a step wrote and, before the first step, a tensor from outside; writes what the next step reads, and the last state. */
export interface PlannedState extends PlannedOperator {
  readonly kind: 'state'
  /** What the state is before the first step, where it is constant; else it is the second input. */
  readonly initial: FloatConstant | undefined
  /** Whether the second output, the state after the last step, is read. */
  readonly isRead: boolean
  readonly dims: readonly number[]
}

/** A sequence outside, by the name of its elements. */
export interface Sequence {
  readonly name: string
  /** Whether the first step has the last element. */
  readonly reverse: boolean
  /** Of an element. */
  readonly dims: readonly number[]
}

/** Its inputs and outputs are those of its steps that are read or written outside. */
export interface PlannedScan extends PlannedOperator {
  readonly kind: 'scan'
  /** The states first, one each. */
  readonly steps: readonly PlannedOperator[]
  readonly numStates: number
  readonly length: number
  readonly sequencesIn: readonly Sequence[]
  /** All that the float graph shows, read or not. */
  readonly sequencesOut: readonly Sequence[]
}

export function scanOf(node: NodeProto, view: GraphView, divide: Divide): Match<PlannedScan> | Refusal | undefined {
  if (isRecurrent(node)) return { refusal: wholeBecause(node, view) }
  const form = isScan(node) ? scanForm(node) : undefined
  if (form === undefined || ![...node.input, ...node.output].some((name) => view.isActivation(name))) return undefined
  return planned(node, form, view, divide)
}

/** Why no pass has lowered a recurrent layer. */
function wholeBecause(node: NodeProto, view: GraphView): string {
  const layer = recurrentLayer(node, view.index, view.dims(node.input[0]!))
  return typeof layer === 'string' ? layer : 'opsets below 9 have no Scan to lower it to'
}

function planned(node: NodeProto, form: ScanForm, view: GraphView, divide: Divide): Match<PlannedScan> | Refusal {
  const { inputs, outputs } = form
  const sequences = [...inputs, ...outputs]
  if (sequences.some(({ axis }) => axis !== 0)) return { refusal: 'its steps are not along the first axis' }
  if (!inputs.every(({ sequence }) => view.isActivation(sequence))) return { refusal: 'a sequence is no activation' }
  const { graph, sourceOf } = withoutCopies(form.body)
  const inner = view.inner(graph)
  const parts = divide(inner)
  if ('refusal' in parts) return parts
  const names = new Map(
    [...inputs, ...outputs].map(({ sequence, element }) => [sourceOf(element), sequence] as const).reverse(),
  )
  const hidden = parts.find(
    ({ operator, traits }) => !traits.copiesData && operator.outputs.some((name) => !names.has(name)),
  )
  if (hidden) return { refusal: `it does not show "${hidden.operator.outputs[0]}", which calibration has to observe` }
  const written = new Set(parts.flatMap(({ operator }) => operator.outputs))
  if (
    ![...form.states.map(({ after }) => after), ...outputs.map(({ element }) => element)].every((name) =>
      written.has(sourceOf(name)),
    )
  ) {
    return { refusal: 'its steps hand on what they read' }
  }
  const rename = (name: string) => names.get(name) ?? name
  const isUsed = (name: string) => view.index.isGraphOutput(name) || view.index.consumers(name).length > 0
  const states: Omit<PlannedState, 'name'>[] = []
  for (const { initial, before, after, last } of form.states) {
    const constant = view.isActivation(initial) ? undefined : constantState(initial, inner.dims(before), view)
    if (constant === undefined && !view.isActivation(initial)) return { refusal: 'a first state is computed from dims' }
    const isRead = isUsed(last)
    states.push({
      kind: 'state',
      nodes: [],
      inputs: [rename(sourceOf(after)), ...(constant === undefined ? [initial] : [])],
      outputs: [before, ...(isRead ? [last] : [])],
      initial: constant,
      isRead,
      dims: inner.dims(before),
    })
  }
  const prefix = node.name || node.output[0]!
  const named = states.map((state, i) => ({ ...state, name: `${prefix}_${form.states[i]!.before}` }))
  const steps = parts.map(({ operator }) => ({
    ...operator,
    nodes: operator.nodes.map((one) => renameAll(one, rename)),
    inputs: operator.inputs.map(rename),
    outputs: operator.outputs.map(rename),
  }))
  const outside = ({ sequence, element, reverse }: ScanSequence): Sequence => ({
    name: sequence,
    reverse,
    dims: inner.dims(sourceOf(element)),
  })
  const sequencesIn = inputs.map(outside)
  const sequencesOut = outputs.map(outside)
  const shown = sequencesOut.map(({ name }) => name).filter(isUsed)
  return {
    kind: 'scan',
    nodes: [node],
    inputs: [...sequencesIn.map(({ name }) => name), ...named.flatMap((state) => state.inputs.slice(1))],
    outputs: [...shown, ...named.flatMap((state) => state.outputs.slice(1))],
    steps: [...named, ...steps],
    numStates: states.length,
    length: view.dims(sequencesIn[0]?.name ?? '')[0] ?? 0,
    sequencesIn,
    sequencesOut,
  }
}

/** The steps without nodes that only give an output a second name, and what such an output is a copy of. */
function withoutCopies(body: GraphProto): { graph: GraphProto; sourceOf: (name: string) => string } {
  const index = indexGraph(body)
  const copies = new Map(
    body.node.flatMap(({ opType, input, output }) => {
      const [from = '', to = ''] = [input[0], output[0]]
      const isCopy = opType === 'Identity' && index.isGraphOutput(to) && index.consumers(to).length === 0
      return isCopy ? [[to, from] as const] : []
    }),
  )
  const sourceOf = (name: string) => copies.get(name) ?? name
  const node = body.node.filter(({ output }) => !copies.has(output[0] ?? ''))
  const output = body.output.map((info) => ({ ...info, name: sourceOf(info.name) }))
  return { graph: { ...body, node, output }, sourceOf }
}

/** A constant, or zeros of whatever batch. */
function constantState(name: string, dims: readonly number[], view: GraphView): FloatConstant | undefined {
  const constant = view.constant(name)
  if (constant !== undefined) return constant
  const producer = view.index.producer(name)
  const expanded = producer?.opType === 'Expand' ? view.constant(producer.input[0]) : undefined
  if (expanded === undefined || expanded.data.some((value) => value !== 0)) return undefined
  return { dims, data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)) }
}
