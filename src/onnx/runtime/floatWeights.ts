// Integer weights that a Cast makes floats of, as these floats. A session that maps weights from a file computes with them where they lie, where it
// would hold a copy of what it casts.

import { intAttribute } from '../attribute.js'
import { indexGraph } from '../graph.js'
import { elementCount, tensorData } from '../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../types.js'

export interface FloatWeights {
  readonly proto: ModelProto
  /** Values of the tensors that hold none: they are made when they are written, block by block, as they may be most of a model. */
  readonly values: ReadonlyMap<TensorProto, () => Iterable<Float32Array>>
}

/** Fewer elements are not worth a place in a file of their own. */
const FEWEST_ELEMENTS = 4096

export function floatWeights(proto: ModelProto): FloatWeights {
  const { graph } = proto
  const index = indexGraph(graph)
  const values = new Map<TensorProto, () => Iterable<Float32Array>>()
  const casts = new Set<NodeProto>()
  for (const node of graph.node) {
    const [source, name] = [index.initializer(node.input[0] ?? ''), node.output[0]!]
    if (source === undefined || !isWorthIt(node, source) || index.isGraphOutput(name)) continue
    const floats: TensorProto = { name, dims: source.dims, dataType: DataType.FLOAT }
    values.set(floats, () => blocksOf(source))
    casts.add(node)
  }
  const node = graph.node.filter((one) => !casts.has(one))
  const isReplaced = (name: string) => {
    const readers = index.consumers(name)
    return readers.length > 0 && readers.every((reader) => casts.has(reader))
  }
  const kept = graph.initializer.filter(({ name }) => !isReplaced(name))
  return { proto: { ...proto, graph: { ...graph, node, initializer: [...kept, ...values.keys()] } }, values }
}

const BLOCK_ELEMENTS = 2 ** 20

function* blocksOf(source: TensorProto): Iterable<Float32Array> {
  const data = tensorData(source) as Int8Array | Int16Array
  for (let from = 0; from < data.length; from += BLOCK_ELEMENTS) {
    yield new Float32Array(data.subarray(from, from + BLOCK_ELEMENTS))
  }
}

function isWorthIt(node: NodeProto, { dataType, dims }: TensorProto): boolean {
  const isInteger = dataType === DataType.INT8 || dataType === DataType.INT16
  const toFloat = node.opType === 'Cast' && intAttribute(node, 'to', 0) === DataType.FLOAT
  return toFloat && isInteger && elementCount(dims.map(Number)) >= FEWEST_ELEMENTS
}
