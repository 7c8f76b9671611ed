// The branches of an If, and how one is put into the graph around it.

import { subgraphs } from '../attribute.js'
import { sortTopologically } from '../graph.js'
import { makeNode } from '../node.js'
import { isStandardDomain } from '../operators.js'
import { definedNames, renameAll } from '../renaming.js'
import type { GraphProto, NodeProto, TensorProto } from '../types.js'

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
  const passed: NodeProto[] = []
  for (const [i, { name }] of branch.output.entries()) {
    const to = outputs[i]
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
