// A Scan over integers: its steps are those of the operators inside.

import { finish, requantize } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { rangeOf } from '../../fixedpoint/width.js'
import { makeAttribute, subgraphs } from '../../onnx/attribute.js'
import { makeGraph, makeNode, makeValueInfo } from '../../onnx/node.js'
import { scanForm } from '../../onnx/scan.js'
import { type AttributeProto, DataType, type GraphProto, type NodeProto } from '../../onnx/types.js'
import type { EmitContext, QdqContext, StepGraph } from '../contexts.js'
import { elementNames, type Sequence } from './plan.js'
import type { FixedScan, FixedState } from './solve.js'

/** The integers of a state before the first step. */
export function emitState(
  e: Emitter,
  { inputs, outputs, initial, requantize: by }: FixedState,
  context: EmitContext,
): string[] {
  if (initial !== undefined) {
    return [e.initializer('initial', DataType.FLOAT, initial.dims, Float32Array.from(initial.data))]
  }
  const from = context.integers(inputs[1]!)
  const [low, high] = rangeOf(context.quantized(outputs[0]!)!.bits)
  return [by === undefined ? from.name : finish(e, requantize(e, from, by.multiplier, by.shift), low, high)]
}

export function emitScan(e: Emitter, operator: FixedScan, context: EmitContext): string[] {
  const states = statesOf(operator)
  const steps = context.steps(operator.steps.slice(operator.numStates), tensorsOf(operator), constantsOf(operator))
  const integers = (name: string) => context.integers(name).name
  const shown = operator.sequencesOut.filter(({ name }) => operator.outputs.includes(name) || context.exposes(name))
  const initial = states.flatMap((state) => emitState(e.builder.operator(state.name), state, context))
  const last = states.map(({ name, outputs, isRead }) =>
    isRead ? integers(outputs[1]!) : e.builder.name(`${name}_last`),
  )
  const node = makeNode(
    'Scan',
    [...initial, ...operator.sequencesIn.map(({ name, declared }) => (declared ? context.real(name) : integers(name)))],
    [...last, ...shown.map(({ name }) => integers(name))],
    attributesOf(operator, shown, bodyOf(e, operator, shown, steps)),
    e.operator,
  )
  e.builder.add(node)
  return operator.outputs.map(integers)
}

/** The float node with steps that read and write what the QDQ model rounds. */
export function qdqScan(e: Emitter, node: NodeProto, operator: FixedScan, context: QdqContext): NodeProto {
  const outputs = new Set([
    ...statesOf(operator).map(({ inputs }) => inputs[0]!),
    ...operator.sequencesOut.map(({ name }) => name),
  ])
  const steps = context.steps(operator.steps.slice(operator.numStates), {
    tensors: tensorsOf(operator),
    elements: elementNames(scanForm(operator.nodes[0]!)!),
    outputs,
    constants: constantsOf(operator),
  })
  return {
    ...node,
    attribute: attributesOf(operator, operator.sequencesOut, bodyOf(e, operator, operator.sequencesOut, steps)),
  }
}

function statesOf({ steps, numStates }: FixedScan): readonly FixedState[] {
  return steps.slice(0, numStates) as FixedState[]
}

function tensorsOf({ steps }: FixedScan): string[] {
  return steps.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
}

/** What the source's own nodes among the steps may read. */
function constantsOf({ nodes }: FixedScan) {
  return subgraphs(nodes[0]!)[0]!.initializer
}

function attributesOf(
  { sequencesIn }: FixedScan,
  sequencesOut: readonly Sequence[],
  body: GraphProto,
): AttributeProto[] {
  const directions = (name: string, sequences: readonly Sequence[]) =>
    sequences.some(({ reverse }) => reverse)
      ? [
          makeAttribute(
            name,
            sequences.map(({ reverse }) => Number(reverse)),
          ),
        ]
      : []
  return [
    makeAttribute('num_scan_inputs', sequencesIn.length),
    makeAttribute('body', body),
    ...directions('scan_input_directions', sequencesIn),
    ...directions('scan_output_directions', sequencesOut),
  ]
}

function bodyOf(e: Emitter, operator: FixedScan, shown: readonly Sequence[], steps: StepGraph): GraphProto {
  const states = statesOf(operator)
  const nodes = [...steps.nodes]
  const info = (name: string, dims: readonly number[]) => makeValueInfo(name, DataType.FLOAT, dims)
  const written = new Set<string>()
  const after = states.map(({ inputs, dims }) => ({ name: inputs[0]!, dims }))
  const outputs = [...after, ...shown].map(({ name, dims }) => {
    const source = steps.written(name)
    // A tensor is an output of a graph once.
    const output = written.has(source) ? e.builder.name(`${source}_shown`) : source
    if (output !== source) nodes.push(makeNode('Identity', [source], [output], [], output))
    written.add(source)
    return info(output, dims)
  })
  const inputs = [
    ...states.map((state) => info(steps.read(state.outputs[0]!), state.dims)),
    ...operator.sequencesIn.map(({ name, dims, declared }) => declared ?? info(steps.read(name), dims)),
  ]
  return makeGraph({ name: e.operator, nodes, inputs, outputs, initializers: steps.initializers })
}
