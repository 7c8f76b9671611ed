// An If whose condition is a constant becomes the branch that it takes. Exporters write one wherever the framework's code branched on dims.

import { subgraphs } from '../attribute.js'
import { type GraphIndex, indexGraph, nameSource, sortTopologically } from '../graph.js'
import { makeNode } from '../node.js'
import { withUniqueNames } from '../nodeNames.js'
import { isStandardDomain } from '../operators.js'
import { definedNames, renameAll } from '../renaming.js'
import { tensorData } from '../tensor.js'
import type { GraphProto, ModelProto, NodeProto, TensorProto } from '../types.js'
import { changed, type Pass } from './pass.js'

export const foldIf: Pass = {
  title: 'If nodes of a constant condition replaced by their branch',
  apply(proto: ModelProto) {
    const { graph } = proto
    const index = indexGraph(graph)
    const unique = nameSource(graph)
    const initializer: TensorProto[] = [...graph.initializer]
    let count = 0
    const node = graph.node.flatMap((one) => {
      const branch = branchTaken(one, index)
      if (branch === undefined) return [one]
      count++
      const inlined = inline(one, branch, unique)
      initializer.push(...inlined.tensors)
      return inlined.nodes
    })
    return changed(proto, withUniqueNames({ ...graph, node, initializer }).graph, count)
  },
}

function branchTaken(node: NodeProto, index: GraphIndex): GraphProto | undefined {
  const condition = index.initializer(node.input[0] ?? '')
  if (node.opType !== 'If' || !isStandardDomain(node.domain) || condition === undefined) return undefined
  const name = Number(tensorData(condition)[0]) === 0 ? 'else_branch' : 'then_branch'
  return subgraphs({ ...node, attribute: node.attribute.filter((attribute) => attribute.name === name) })[0]
}

/** The branch's nodes and constants, under names that nothing has yet; what it returns has the names that the If gave it. */
function inline(node: NodeProto, branch: GraphProto, unique: (wish: string) => string) {
  const names = new Map<string, string>()
  const written = new Set(branch.node.flatMap(({ output }) => output))
  const passed: NodeProto[] = []
  for (const [i, { name }] of branch.output.entries()) {
    const to = node.output[i]
    if (!to) continue
    if (written.has(name) && !names.has(name)) names.set(name, to)
    // A constant, or the same tensor once more.
    else passed.push(makeNode('Identity', [name], [to]))
  }
  for (const name of [...branch.initializer.map((tensor) => tensor.name), ...definedNames(branch.node)]) {
    if (!names.has(name)) names.set(name, unique(name))
  }
  const rename = (name: string) => names.get(name) ?? name
  return {
    nodes: [
      ...sortTopologically(branch.node).map((inner) => renameAll(inner, rename)),
      ...passed.map((inner) => ({ ...inner, input: inner.input.map(rename) })),
    ],
    tensors: branch.initializer.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
  }
}
