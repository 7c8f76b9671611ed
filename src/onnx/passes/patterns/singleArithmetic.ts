// Arithmetic that a float32 model does on doubles in between becomes float32: exporters write the normalizations of a model in half precision so. What
// doubles do with dims alone stays, since the last bit of a quotient may decide a dim.
//
//     x -> Cast to double -> ... -> Cast to float -> y      becomes   x -> Cast to float -> ... -> Cast to float -> y, of which the casts do nothing

import { intAttribute, makeAttribute, subgraphs } from '../../attribute.js'
import { type GraphIndex, indexGraph, sortTopologically } from '../../graph.js'
import { readsDimsOnly } from '../../operators.js'
import { floatValues, makeTensor, tensorDims } from '../../tensor.js'
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { type Facts, factsOf } from '../facts.js'
import { changed, type Pass } from '../pass.js'

const castsToDouble = (node: NodeProto) => node.opType === 'Cast' && intAttribute(node, 'to', 0) === DataType.DOUBLE

export const singleArithmetic = {
  title: 'casts to double precision taken out',
  async apply(proto: ModelProto) {
    const { graph } = proto
    if (!graph.node.some(castsToDouble)) return { proto, count: 0 }
    const index = indexGraph(graph)
    const facts = await factsOf(proto)
    const fromData = dataTensors(graph, index)
    const isActivation = (name: string) => fromData.has(name) && facts.get(name)?.dataType === DataType.FLOAT
    const casts = graph.node.filter((node) => castsToDouble(node) && isActivation(node.input[0]!))
    const single = new Set(casts.flatMap(({ output }) => [...doublesAround(output[0]!, index, facts)]))
    if (single.size === 0) return { proto, count: 0 }
    return changed(proto, inSingle(graph, single), casts.length)
  },
} satisfies Pass

/** Every tensor whose values depend on what is fed to the model, and not on its dims alone. */
function dataTensors(graph: GraphProto, index: GraphIndex): ReadonlySet<string> {
  const data = new Set(graph.input.map(({ name }) => name).filter((name) => index.initializer(name) === undefined))
  for (const node of sortTopologically(graph.node)) {
    if (readsDimsOnly(node) || !index.outerInputs(node).some((name) => data.has(name))) continue
    for (const name of node.output) data.add(name)
  }
  return data
}

/** The doubles that nodes compute of one another; none where the model's own inputs or outputs, or graphs inside of nodes, are among them. */
function doublesAround(start: string, index: GraphIndex, facts: Facts): ReadonlySet<string> {
  const found = new Set([start])
  for (const name of found) {
    if (index.isGraphInput(name) || index.isGraphOutput(name)) return new Set()
    const producer = index.producer(name)
    for (const node of producer === undefined ? index.consumers(name) : [producer, ...index.consumers(name)]) {
      if (subgraphs(node).length > 0) return new Set()
      const doubles = [...node.input, ...node.output].filter((one) => facts.get(one)?.dataType === DataType.DOUBLE)
      for (const one of doubles) found.add(one)
    }
  }
  return found
}

function inSingle(graph: GraphProto, single: ReadonlySet<string>): Partial<GraphProto> {
  const tensor = (one: TensorProto) =>
    single.has(one.name) ? makeTensor(one.name, DataType.FLOAT, tensorDims(one), floatValues(one)) : one
  const node = (one: NodeProto) => {
    if (!one.output.some((name) => single.has(name))) return one
    const attribute = one.attribute.map(({ name, ...rest }) =>
      (name === 'to' || name === 'dtype') && intAttribute(one, name, 0) === DataType.DOUBLE
        ? makeAttribute(name, DataType.FLOAT)
        : { name, ...rest },
    )
    return { ...one, attribute }
  }
  const valueInfo = graph.valueInfo.filter(({ name }) => !single.has(name))
  return { node: graph.node.map(node), initializer: graph.initializer.map(tensor), valueInfo }
}
