// Names that no tensor can have in a run: the runtime ends a name at NUL, its JavaScript makes an object's prototype of "__proto__", and squire's
// own tensors begin with RESERVED. Inside a model they mean nothing to anybody, so such tensors get other names. Inputs and outputs are the
// model's interface: they keep theirs, and check.ts refuses the model.

import { allNames, nameSource } from '../graph.js'
import type { ModelProto } from '../types.js'
import { renameGraph } from './renaming.js'
import { RESERVED } from './reserved.js'

export function isUnusable(name: string): boolean {
  return name === '__proto__' || name.includes('\0') || name.startsWith(RESERVED)
}

/** The model with a usable name for every tensor but its inputs and outputs. */
export function withUsableNames(proto: ModelProto): ModelProto {
  const { graph } = proto
  const kept = new Set([...graph.input, ...graph.output].map(({ name }) => name))
  const unusable = [...allNames(graph)].filter((name) => isUnusable(name) && !kept.has(name))
  if (unusable.length === 0) return proto
  const unique = nameSource(graph)
  const names = new Map(unusable.map((name) => [name, unique(`renamed_${name.replaceAll('\0', '_')}`)]))
  return { ...proto, graph: renameGraph(graph, (name) => names.get(name) ?? name) }
}
