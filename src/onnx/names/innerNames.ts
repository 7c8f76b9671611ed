// Names inside the graphs that nodes carry. Two bodies, or two branches, may use the same ones; squire tells tensors and operators of a model apart
// by their names alone, so that each name is kept by the first graph that defines it, and later ones get a number.

import { nameSource } from '../graph.js'
import type { GraphProto, NodeProto } from '../types.js'
import { mapGraphs, renameGraph } from './renaming.js'

/** The graph itself where all names are unique. */
export function withUniqueInnerNames(graph: GraphProto): GraphProto {
  const names = new InnerNames(graph)
  const result = names.inside(graph)
  return names.count === 0 ? graph : result
}

/** Mutable state: the names that graphs have defined so far. */
class InnerNames {
  count = 0
  readonly #fresh: (wish: string) => string
  readonly #tensors: Set<string>
  readonly #nodes: Set<string>

  constructor(graph: GraphProto) {
    this.#fresh = nameSource(graph)
    this.#tensors = new Set(definedIn(graph))
    this.#nodes = new Set(graph.node.map(({ name }) => name))
  }

  /** The graph with unique names in what its nodes carry. */
  inside(graph: GraphProto): GraphProto {
    const unique = (inner: GraphProto) => this.inside(this.#unique(inner))
    const node = graph.node.map((one) => ({
      ...one,
      attribute: one.attribute.map((attribute) => mapGraphs(attribute, unique)),
    }))
    return { ...graph, node }
  }

  #unique(graph: GraphProto): GraphProto {
    const renamed = new Map<string, string>()
    for (const name of definedIn(graph)) {
      if (this.#tensors.has(name)) renamed.set(name, this.#fresh(name))
      this.#tensors.add(renamed.get(name) ?? name)
    }
    this.count += renamed.size
    const own = renamed.size === 0 ? graph : renameGraph(graph, (name) => renamed.get(name) ?? name)
    return { ...own, node: own.node.map((one) => this.#named(one)) }
  }

  #named(node: NodeProto): NodeProto {
    const wish = node.name
    let name = wish
    for (let number = 1; name !== '' && this.#nodes.has(name); number++) name = `${wish}_${number}`
    this.#nodes.add(name)
    if (name === wish) return node
    this.count++
    return { ...node, name }
  }
}

function definedIn({ input, initializer, node }: GraphProto): Set<string> {
  const names = [...input, ...initializer].map(({ name }) => name)
  return new Set([...names, ...node.flatMap(({ output }) => output)].filter((name) => name !== ''))
}
