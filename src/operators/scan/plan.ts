// Scans whose steps are operators of the chip. Each tensor of a step has the name of the sequence that its values make up outside, where the float
// graph has one: calibration observes the sequence.

import { capturedNames, indexGraph } from '../../onnx/graph.js'
import { renameAll } from '../../onnx/names/renaming.js'
import { isRecurrent, recurrentLayer } from '../../onnx/passes/recurrent/layer.js'
import { isScan, type ScanForm, type ScanSequence, scanForm } from '../../onnx/scan.js'
import type { GraphProto, NodeProto, ValueInfoProto } from '../../onnx/types.js'
import type { GraphView } from '../../plan/view.js'
import type { Divide, Match, Part, PlannedOperator, Refusal } from '../types.js'
import { type PlannedState, stateOf } from './state.js'

/** A sequence outside, whose name its elements have among the steps' operators. */
export interface Sequence {
  readonly name: string
  /** Whether the first step has the last element. */
  readonly reverse: boolean
  /** Of an element. */
  readonly dims: readonly number[]
  /** An element as the source's steps declare it, where it is not held as integers: a condition. */
  readonly declared?: ValueInfoProto
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
  // Without a state nothing recurs: such a Scan stays as it is.
  if (
    form === undefined ||
    form.states.length === 0 ||
    ![...node.input, ...node.output].some((name) => view.isActivation(name))
  )
    return undefined
  return planned(node, form, view, divide)
}

/** Why no pass has lowered a recurrent layer. */
function wholeBecause(node: NodeProto, view: GraphView): string {
  const layer = recurrentLayer(node, view.index, view.dims(node.input[0]!))
  return typeof layer === 'string' ? layer : 'its opset has no Scan, or no Range of the steps, to lower it to'
}

function planned(node: NodeProto, form: ScanForm, view: GraphView, divide: Divide): Match<PlannedScan> | Refusal {
  if ([...form.inputs, ...form.outputs].some(({ axis }) => axis !== 0)) {
    return { refusal: 'its steps are not along the first axis' }
  }
  const { graph, sourceOf } = withoutCopies(form.body)
  // Constants may stand around the steps.
  const around = capturedNames(graph).flatMap((name) => view.index.initializer(name) ?? [])
  const inner = view.inner({ ...graph, initializer: [...graph.initializer, ...around] })
  const parts = divide(inner)
  if ('refusal' in parts) return parts
  const isHeld = ({ sequence }: ScanSequence) => view.isActivation(sequence)
  const fixed = form.inputs.find((one) => !isHeld(one) && inner.isActivation(one.element))
  if (fixed !== undefined)
    return { refusal: `its steps compute with elements of "${fixed.sequence}", which is constant` }
  const held = [...form.outputs, ...form.inputs.filter(isHeld)]
  const names = new Map(held.map(({ sequence, element }) => [sourceOf(element), sequence] as const).reverse())
  const problem = handsOn(form, parts, sourceOf) ?? hides(parts, names)
  if (problem !== undefined) return { refusal: problem }
  const rename = (name: string) => names.get(name) ?? name
  const isUsed = (name: string) => view.index.isGraphOutput(name) || view.index.consumers(name).length > 0
  const prefix = node.name || node.output[0]!
  const states: PlannedState[] = []
  for (const one of form.states) {
    const state = stateOf(one, prefix, rename(sourceOf(one.after)), view, inner.dims(one.before), isUsed)
    if ('refusal' in state) return state
    states.push(state)
  }
  const outside = (one: ScanSequence): Sequence => {
    const { sequence: name, element, reverse } = one
    const declared = isHeld(one) ? undefined : form.body.input.find((info) => info.name === element)
    return { name, reverse, dims: inner.dims(sourceOf(element)), ...(declared && { declared }) }
  }
  const sequencesIn = form.inputs.map(outside)
  const sequencesOut = form.outputs.map(outside)
  const read = form.inputs.filter(isHeld).map(({ sequence }) => sequence)
  const shown = sequencesOut.map(({ name }) => name).filter(isUsed)
  return {
    kind: 'scan',
    nodes: [node],
    inputs: [...read, ...states.flatMap((state) => state.inputs.slice(1))],
    outputs: [...shown, ...states.flatMap((state) => state.outputs.slice(1))],
    steps: [...states, ...parts.map(({ operator }) => renamed(operator, rename))],
    numStates: states.length,
    length: view.dims(form.inputs[0]?.sequence ?? '')[0] ?? 0,
    sequencesIn,
    sequencesOut,
  }
}

function renamed(operator: PlannedOperator, rename: (name: string) => string): PlannedOperator {
  return {
    ...operator,
    nodes: operator.nodes.map((node) => renameAll(node, rename)),
    inputs: operator.inputs.map(rename),
    outputs: operator.outputs.map(rename),
  }
}

/** Whether a state or a sequence is nothing that the steps write. */
function handsOn(form: ScanForm, parts: readonly Part[], sourceOf: (name: string) => string): string | undefined {
  const written = new Set(parts.flatMap(({ operator }) => operator.outputs))
  const given = [...form.states.map(({ after }) => after), ...form.outputs.map(({ element }) => element)]
  return given.every((name) => written.has(sourceOf(name))) ? undefined : 'its steps hand on what they read'
}

/** Whether calibration has to observe a tensor of which there is no sequence. */
function hides(parts: readonly Part[], names: ReadonlyMap<string, string>): string | undefined {
  const computed = parts.filter(({ traits }) => !traits.copiesData).flatMap(({ operator }) => operator.outputs)
  const hidden = computed.find((name) => !names.has(name))
  return hidden === undefined ? undefined : `it does not show "${hidden}", which calibration has to observe`
}

/** What the source's steps call the elements of sequences, by the sequence. */
export function elementNames({ body, inputs, outputs }: ScanForm): ReadonlyMap<string, string> {
  const { sourceOf } = withoutCopies(body)
  return new Map([...inputs, ...outputs].map(({ sequence, element }) => [sequence, sourceOf(element)]))
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
