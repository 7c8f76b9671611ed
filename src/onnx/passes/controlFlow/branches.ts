// The branches of an If, and how one is put into the graph around it.

import { subgraphs } from '../../attribute.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import type { GraphProto, NodeProto, TensorProto } from '../../types.js'
import { inlined } from './inline.js'

export function isIf({ opType, domain }: NodeProto): boolean {
  return opType === 'If' && isStandardDomain(domain)
}

export function branchOf(node: NodeProto, name: 'then_branch' | 'else_branch'): GraphProto | undefined {
  return subgraphs({ ...node, attribute: node.attribute.filter((attribute) => attribute.name === name) })[0]
}

/** The branch's nodes and constants, under names that nothing has yet; what it returns is called as `outputs` say, '' where nobody wants it. */
export function inlineBranch(
  branch: GraphProto,
  outputs: readonly string[],
  unique: (wish: string) => string,
): { readonly nodes: readonly NodeProto[]; readonly tensors: readonly TensorProto[] } {
  const names = new Map<string, string>()
  const written = new Set(branch.node.flatMap(({ output }) => output))
  // A constant, or the same tensor once more.
  const passed: (readonly [string, string])[] = []
  for (const [i, { name }] of branch.output.entries()) {
    const to = outputs[i]
    if (!to) continue
    if (written.has(name) && !names.has(name)) names.set(name, to)
    else passed.push([name, to])
  }
  const { nodes, tensors, nameOf } = inlined(branch, names, unique)
  return { nodes: [...nodes, ...passed.map(([name, to]) => makeNode('Identity', [nameOf(name)], [to]))], tensors }
}
