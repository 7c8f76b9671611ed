// Nodes of a graph inside a node, brought outside.

import { sortTopologically } from '../../graph.js'
import { definedNames, renameAll } from '../../names/renaming.js'
import type { GraphProto, NodeProto, TensorProto } from '../../types.js'

export interface Inlined {
  readonly nodes: readonly NodeProto[]
  readonly tensors: readonly TensorProto[]
  /** What a tensor that is known inside is called outside. */
  readonly nameOf: (name: string) => string
}

/**
 * The graph's nodes and constants, under names that nothing has yet.
 * @param given what tensors of the graph are to be called outside, for its inputs above all
 */
export function inlined(
  graph: GraphProto,
  given: ReadonlyMap<string, string>,
  unique: (wish: string) => string,
): Inlined {
  const names = new Map(given)
  for (const name of [...graph.initializer.map((tensor) => tensor.name), ...definedNames(graph.node)]) {
    if (!names.has(name)) names.set(name, unique(name))
  }
  const nameOf = (name: string) => names.get(name) ?? name
  return {
    nodes: sortTopologically(graph.node).map((inner) => renameAll(inner, nameOf)),
    tensors: graph.initializer.map((tensor) => ({ ...tensor, name: nameOf(tensor.name) })),
    nameOf,
  }
}
