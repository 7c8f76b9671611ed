// Which inputs of a graph the values of a tensor come from.

import type { GraphIndex } from './graph.js'
import { readsDimsOnly } from './operators.js'

/** The graph inputs that a tensor's values come from. */
export function originsOf(name: string, index: GraphIndex): Set<string> {
  const origins = new Set<string>()
  const seen = new Set<string>()
  const open = [name]
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one) || index.initializer(one) !== undefined) continue
    seen.add(one)
    const producer = index.producer(one)
    if (producer === undefined) origins.add(one)
    else if (!readsDimsOnly(producer)) open.push(...index.outerInputs(producer))
  }
  return origins
}
