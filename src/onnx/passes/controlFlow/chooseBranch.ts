// An If whose condition is computed from real values becomes both of its branches and a choice between what they return, so that they can be computed in
// integers: a chip cannot skip part of a network. What an integer input decides stays an If, as its value may be known later.

import { indexGraph, nameSource } from '../../graph.js'
import { modelInputs } from '../../model.js'
import { withUniqueNames } from '../../names/nodeNames.js'
import { makeNode } from '../../node.js'
import { originsOf } from '../../origins.js'
import { unlessRefused } from '../../shapes/inference.js'
import { makeTensor } from '../../tensor.js'
import { DataType, type ModelProto, type NodeProto } from '../../types.js'
import { type Facts, factsOf } from '../facts.js'
import type { Pass, PassResult } from '../pass.js'
import { branchOf, inlineBranch, isIf } from './branches.js'

export const chooseBranch: Pass = {
  title: 'If nodes of a computed condition made choices between both branches',
  async apply(proto: ModelProto) {
    let result: PassResult = { proto, count: 0 }
    for (const one of ofRealValues(proto)) {
      const next = await withBoth(result.proto, one)
      if (next !== undefined) result = { proto: next, count: result.count + 1 }
    }
    return result
  },
}

function ofRealValues(proto: ModelProto): NodeProto[] {
  const index = indexGraph(proto.graph)
  const real = new Set(modelInputs(proto).flatMap(({ name, dataType }) => (dataType === DataType.FLOAT ? [name] : [])))
  return proto.graph.node.filter(
    (node) => isIf(node) && [...originsOf(node.input[0]!, index)].some((name) => real.has(name)),
  )
}

/** Undefined where the branches may return other dims than each other: a choice takes values of the same dims. */
async function withBoth(proto: ModelProto, node: NodeProto): Promise<ModelProto | undefined> {
  const { graph } = proto
  const unique = nameSource(graph)
  const taken = inlined(node, 'then_branch', unique)
  const other = inlined(node, 'else_branch', unique)
  const [condition, dims] = [unique(`${node.output[0]}_condition`), unique(`${node.output[0]}_scalar`)]
  const choices = node.output.flatMap((name, i) => {
    return name === '' ? [] : [makeNode('Where', [condition, taken.outputs[i]!, other.outputs[i]!], [name])]
  })
  const nodes = [...taken.nodes, ...other.nodes, makeNode('Reshape', [node.input[0]!, dims], [condition]), ...choices]
  const scalar = makeTensor(dims, DataType.INT64, [0], new BigInt64Array(0))
  const next: ModelProto = {
    ...proto,
    graph: withUniqueNames({
      ...graph,
      node: graph.node.flatMap((one) => (one === node ? nodes : [one])),
      initializer: [...graph.initializer, ...taken.tensors, ...other.tensors, scalar],
    }).graph,
  }
  // A branch that is for inputs of other dims than these cannot be opened beside the other one.
  const facts = await unlessRefused(factsOf(next))
  return facts !== undefined && areAlike(facts, taken.outputs, other.outputs) ? next : undefined
}

function inlined(node: NodeProto, name: 'then_branch' | 'else_branch', unique: (wish: string) => string) {
  const outputs = node.output.map((output) => output && unique(`${output}_${name}`))
  return { outputs, ...inlineBranch(branchOf(node, name)!, outputs, unique) }
}

function areAlike(facts: Facts, some: readonly string[], others: readonly string[]): boolean {
  return some.every((name, i) => {
    if (name === '') return true
    const [one, other] = [facts.get(name), facts.get(others[i]!)]
    return one?.dataType === DataType.FLOAT && other?.dataType === DataType.FLOAT && `${one.dims}` === `${other.dims}`
  })
}
