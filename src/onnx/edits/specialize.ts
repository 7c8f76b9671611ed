// A model for one value of the inputs that decide which branches its If nodes take: a voice detector's sample rate. What a quantized model
// computes must be known when it is written.

import { dataTypeOf } from '../elements/datatype.js'
import { indexGraph, nameSource } from '../graph.js'
import { FIXED_INPUTS } from '../model.js'
import { renameAll } from '../names/renaming.js'
import { isStandardDomain } from '../operators.js'
import { originsOf } from '../origins.js'
import { makeTensor } from '../tensor.js'
import type { GraphProto, ModelProto, TensorValue } from '../types.js'
import { fixDims } from './fixDims.js'

type Feeds = Readonly<Record<string, TensorValue>>

export interface Specialized {
  readonly proto: ModelProto
  /** Input -> its one value. */
  readonly values: ReadonlyMap<string, number>
}

/**
 * The model with the dims of these feeds, and with their values of the integer scalars that conditions come from; undefined where no
 * condition follows from such alone. The inputs stay, and `modelInputs` says which value they must have.
 */
export function specialize(proto: ModelProto, feeds: Feeds): Specialized | undefined {
  const { graph } = proto
  const deciding = decidingInputs(graph)
  if (deciding === undefined) return undefined
  const scalars = [...deciding].flatMap((name) => {
    const value = feeds[name]
    const isWhole = value !== undefined && value.data.length === 1 && !value.type.startsWith('float')
    return isWhole ? [[name, value] as const] : []
  })
  if (scalars.length < deciding.size) return undefined
  const unique = nameSource(graph)
  const constants = scalars.map(([name, { type, dims, data }]) => {
    const tensor = makeTensor(unique(`${name}_fixed`), dataTypeOf(type), dims, data.slice())
    return [name, tensor] as const
  })
  const names = new Map(constants.map(([name, tensor]) => [name, tensor.name]))
  const rename = (name: string) => names.get(name) ?? name
  const fixed: GraphProto = {
    ...graph,
    node: graph.node.map((node) => renameAll(node, rename)),
    initializer: [...graph.initializer, ...constants.map(([, tensor]) => tensor)],
  }
  const values = new Map(scalars.map(([name, { data }]) => [name, Number(data[0])]))
  const dims = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, value.dims]))
  const known = { key: FIXED_INPUTS, value: JSON.stringify(Object.fromEntries(values)) }
  const metadataProps = values.size === 0 ? proto.metadataProps : [...(proto.metadataProps ?? []), known]
  return { proto: { ...fixDims({ ...proto, graph: fixed }, dims), ...(metadataProps && { metadataProps }) }, values }
}

/** The inputs whose values the conditions of If nodes come from; undefined where there is no If that could be decided. */
function decidingInputs(graph: GraphProto): ReadonlySet<string> | undefined {
  const index = indexGraph(graph)
  const conditions = graph.node.filter(({ opType, domain }) => opType === 'If' && isStandardDomain(domain))
  if (conditions.length === 0) return undefined
  const inputs = new Set<string>()
  for (const { input } of conditions) for (const name of originsOf(input[0] ?? '', index)) inputs.add(name)
  return inputs
}
