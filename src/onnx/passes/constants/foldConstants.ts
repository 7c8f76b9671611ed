// Nodes that depend on constants alone are run once, by ONNX Runtime, and become constants. Left alone: random operators, operators with
// subgraphs, quantizers (a quantized model says what it says) but for weights of 4 bits, results that are no numeric tensors or are much larger than what
// they come from.

import { subgraphs } from '../../attribute.js'
import { dataTypeOf } from '../../elements/datatype.js'
import { type GraphIndex, indexGraph } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import { openModel } from '../../runtime/openModel.js'
import { makeTensor, tensorByteLength } from '../../tensor.js'
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { changed, type Pass, replaceNodes } from '../pass.js'

const left = new Set([
  ...['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Multinomial', 'Bernoulli', 'Dropout'],
  ...['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear'],
])

const fourBits: ReadonlySet<number> = new Set([DataType.INT4, DataType.UINT4])

/** A result up to this size, the weights of a last layer, always folds; a larger one when it takes at most twice the bytes of its sources (float16 to float32). */
const SMALL_BYTES = 1 << 24
const MAX_GROWTH = 2

export const foldConstants: Pass = {
  title: 'nodes of constants computed',
  async apply(proto: ModelProto) {
    const part = constantPart(proto.graph)
    const values = await evaluate(proto, part)
    const index = indexGraph(proto.graph)
    const nodes = new Map<NodeProto, undefined>()
    const tensors: TensorProto[] = []
    // Readers first: a node may go once nothing that stays reads an output of it that is no constant now. What only computed others goes as unused.
    for (const node of [...part.nodes].reverse()) {
      const wanted = node.output.filter((name) => part.results.has(name))
      const folded = wanted.flatMap((name) => values.get(name) ?? [])
      if (folded.length === 0 || folded.length < wanted.length) continue
      const inner = node.output.filter((name) => !part.results.has(name)).flatMap((name) => index.consumers(name))
      if (!inner.every((reader) => nodes.has(reader))) continue
      nodes.set(node, undefined)
      tensors.unshift(...folded)
    }
    return changed(proto, replaceNodes(proto.graph, { nodes, tensors }), nodes.size)
  },
}

interface ConstantPart {
  /** Nodes that depend on constants alone, in graph order. */
  readonly nodes: readonly NodeProto[]
  /** What they write for others: read by other nodes or a graph output -> bytes of the constants it comes from. */
  readonly results: ReadonlyMap<string, number>
}

function constantPart(graph: GraphProto): ConstantPart {
  const index = indexGraph(graph)
  const sourceBytes = new Map(graph.initializer.map((tensor) => [tensor.name, bytesOf(tensor)]))
  const nodes = new Set<NodeProto>()
  for (const node of graph.node) {
    const inputs = index.outerInputs(node)
    if (!isComputable(node, index) || !inputs.every((name) => sourceBytes.has(name))) continue
    const bytes = inputs.reduce((sum, name) => sum + sourceBytes.get(name)!, 0)
    for (const name of node.output) sourceBytes.set(name, bytes)
    nodes.add(node)
  }
  const results = new Map<string, number>()
  for (const name of [...nodes].flatMap(({ output }) => output)) {
    const readOutside = index.isGraphOutput(name) || index.consumers(name).some((node) => !nodes.has(node))
    if (name !== '' && readOutside) results.set(name, sourceBytes.get(name)!)
  }
  return { nodes: [...nodes], results }
}

/** Weights of 4 bits count as 16 bits an element, so that they may become float32, whatever their size. */
function bytesOf(tensor: TensorProto): number {
  return tensorByteLength(tensor) * (fourBits.has(tensor.dataType) ? 4 : 1)
}

function isComputable(node: NodeProto, index: GraphIndex): boolean {
  const isLeft = left.has(node.opType) && !unpacksWeights(node, index)
  return isStandardDomain(node.domain) && !isLeft && subgraphs(node).length === 0
}

/** Whether a node makes values of weights that are stored in 4 bits: the chip has no such weights, and they are rounded anew. */
function unpacksWeights({ opType, input }: NodeProto, index: GraphIndex): boolean {
  const type = index.initializer(input[0] ?? '')?.dataType
  return opType === 'DequantizeLinear' && type !== undefined && fourBits.has(type)
}

/** The results that are numeric and not too large, as initializers. */
async function evaluate(proto: ModelProto, part: ConstantPart): Promise<ReadonlyMap<string, TensorProto>> {
  const tensors = new Map<string, TensorProto>()
  if (part.results.size === 0) return tensors
  const session = await openModel(partModel(proto, part))
  try {
    const names = session.outputs.map(({ name }) => name)
    const values = names.length === 0 ? {} : await session.run({}, names)
    for (const [name, { type, data, dims }] of Object.entries(values)) {
      const limit = Math.max(SMALL_BYTES, MAX_GROWTH * part.results.get(name)!)
      if (data.byteLength <= limit) tensors.set(name, makeTensor(name, dataTypeOf(type), dims, data))
    }
  } finally {
    await session.release()
  }
  return tensors
}

function partModel(proto: ModelProto, part: ConstantPart): ModelProto {
  const read = new Set(part.nodes.flatMap(({ input }) => input))
  const initializer = proto.graph.initializer.filter(({ name }) => read.has(name))
  const output = [...part.results.keys()].map((name) => ({ name }))
  const graph = { name: proto.graph.name, node: [...part.nodes], initializer, input: [], output, valueInfo: [] }
  return { irVersion: proto.irVersion, opsetImport: proto.opsetImport, graph }
}
