// Cuts the graph into operators: rules in order, the first that knows a node decides. Every node is in exactly one operator.

import { subgraphs } from '../onnx/attribute.js'
import type { NodeProto } from '../onnx/types.js'
import { binaryOf, concatOf } from './binary.js'
import { convOf, perChannelOf } from './conv.js'
import type { Draft, Refusal } from './draft.js'
import { matmulOf } from './matmul.js'
import { moveOf } from './move.js'
import { outerInputsOf } from './operands.js'
import { poolOf } from './pool.js'
import type { PlannedOperator } from './types.js'
import { unaryOf } from './unary.js'
import { type GraphView, readsDimsOnly } from './view.js'

type Rule = (node: NodeProto, view: GraphView) => Draft | Refusal | undefined

const rules: readonly Rule[] = [convOf, matmulOf, poolOf, moveOf, concatOf, unaryOf, perChannelOf, binaryOf]

/** The operators in topological order, each with a unique name. */
export function cut(view: GraphView): PlannedOperator[] {
  const done = new Set<NodeProto>()
  const takeName = uniqueNames()
  const operators: PlannedOperator[] = []
  for (const node of view.nodes) {
    if (done.has(node)) continue
    const draft = draftOf(node, view)
    for (const part of draft.nodes) done.add(part)
    operators.push({ ...draft, name: takeName(node.name || `${node.opType}_${node.output[0]}`) })
  }
  return operators
}

function draftOf(node: NodeProto, view: GraphView): Draft {
  const standard = node.domain === '' || node.domain === 'ai.onnx'
  for (const rule of standard ? rules : []) {
    const answer = rule(node, view)
    if (!answer) continue
    return 'refusal' in answer ? software(node, view, answer.refusal) : answer
  }
  const holdsGraphs = subgraphs(node).length > 0
  const why = holdsGraphs ? 'the graphs inside it run in float' : 'the chip has no fixed-point form of it'
  return software(node, view, why)
}

/** A node that runs in float; without a reason when no activation's values go in or out. */
function software(node: NodeProto, view: GraphView, why: string): Draft {
  const inputs = outerInputsOf([node], view)
  const outputs = node.output.filter((name) => name !== '')
  const touches = [...inputs, ...outputs].some((name) => view.isActivation(name)) && !readsDimsOnly(node)
  return { kind: 'software', nodes: [node], inputs, outputs, reason: touches ? why : undefined }
}

function uniqueNames(): (wish: string) => string {
  const taken = new Set<string>()
  return (wish) => {
    let name = wish
    for (let count = 2; taken.has(name); count++) name = `${wish}_${count}`
    taken.add(name)
    return name
  }
}
