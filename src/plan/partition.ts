// Divides the graph into operators: of the families in the registry's order, the first that knows a node decides. Every node is in exactly one
// operator.

import type { NodeProto } from '../onnx/types.js'
import { fallbackOf } from '../operators/fallback/plan.js'
import { families, familyOf, isFallback } from '../operators/index.js'
import type { Divide, Match, PlannedOperator } from '../operators/types.js'
import type { GraphView } from './view.js'

/** The operators in topological order, each with a unique name. */
export function partition(view: GraphView): PlannedOperator[] {
  const done = new Set<NodeProto>()
  const takeName = uniqueNames()
  const operators: PlannedOperator[] = []
  for (const node of view.nodes) {
    if (done.has(node)) continue
    const match = matchOf(node, view)
    for (const part of match.nodes) done.add(part)
    operators.push({ ...match, name: takeName(node.name || `${node.opType}_${node.output[0]}`) })
  }
  return operators
}

function matchOf(node: NodeProto, view: GraphView): Match {
  if (givesSizes(node, view)) return fallbackOf(node, view, 'it computes how large an output is')
  const standard = node.domain === '' || node.domain === 'ai.onnx'
  for (const family of standard ? families : []) {
    const answer = family.match?.(node, view, divide)
    if (!answer) continue
    return 'refusal' in answer ? fallbackOf(node, view, answer.refusal) : answer
  }
  return fallbackOf(node, view)
}

/** Operator -> its float inputs that decide how large its output is. */
const sizes: Readonly<Record<string, readonly number[]>> = {
  OneHot: [1],
  Range: [0, 1, 2],
  Resize: [1, 2],
  Upsample: [1],
}

/** Whether a node writes numbers that decide how large another node's output is. Rounded to 8 bits, a factor of 2 would be another factor. */
function givesSizes({ output }: NodeProto, { index }: GraphView): boolean {
  const decides = (name: string) =>
    index.consumers(name).some(({ opType, input }) => sizes[opType]?.some((at) => input[at] === name))
  return output.some(decides)
}

const divide: Divide = (view) => {
  const operators = partition(view)
  const left = operators.find(isFallback)
  if (left !== undefined) {
    const { opType } = left.nodes[0]!
    return { refusal: `its steps have ${opType} "${left.name}": ${left.reason ?? 'it computes shapes'}` }
  }
  return operators.map((operator) => ({ operator, traits: familyOf(operator).traits }))
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
