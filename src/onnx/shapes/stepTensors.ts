// What lives inside the steps of a Scan: the runtime infers it from what lies around.

import { capturedNames } from '../graph.js'
import { makeValueInfo } from '../node.js'
import { scanForm } from '../scan.js'
import type { ModelProto, NodeProto } from '../types.js'
import { type Inferred, inferTensors, unlessRefused } from './inference.js'

type Info = Pick<Inferred, 'dataType' | 'dims'>

/**
 * What the steps read and write; undefined where the Scan has another form, where nothing is known of what it reads, where its steps read tensors
 * around them that are not constant, or where the runtime refuses the steps as a model of their own.
 * @param around tensors of the graph that the Scan is in; a dim that is not known is a string
 */
export async function stepTensors(
  proto: ModelProto,
  node: NodeProto,
  around: (name: string) => Info | undefined,
): Promise<ReadonlyMap<string, Info> | undefined> {
  const form = scanForm(node)
  if (form === undefined) return undefined
  const captured = new Set(capturedNames(form.body))
  const constants = proto.graph.initializer.filter(({ name }) => captured.has(name))
  if (constants.length < captured.size) return undefined
  const read = [
    ...form.states.map(({ initial, before }) => [before, around(initial)] as const),
    ...form.inputs.map(({ sequence, element, axis }) => [element, withoutAxis(around(sequence), axis)] as const),
  ]
  const known = read.flatMap(([name, info]) => (info === undefined ? [] : [[name, info] as const]))
  if (known.length < read.length) return undefined
  const input = known.map(([name, { dataType, dims }]) => makeValueInfo(name, dataType, dims))
  const initializer = [...form.body.initializer, ...constants]
  const written = await unlessRefused(inferTensors({ ...proto, graph: { ...form.body, input, initializer } }))
  return (
    written && new Map([...known, ...written.map(({ name, dataType, dims }) => [name, { dataType, dims }] as const)])
  )
}

function withoutAxis(info: Info | undefined, axis: number): Info | undefined {
  return info && { ...info, dims: info.dims.filter((_, i) => i !== (axis < 0 ? axis + info.dims.length : axis)) }
}
