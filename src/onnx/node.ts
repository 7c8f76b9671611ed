// Making nodes, value infos and models.

import type {
  AttributeProto,
  DimensionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from './types.js'

/** A node of the standard domain. '' in `inputs` is an omitted optional input. */
export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly AttributeProto[] = [],
  name = '',
): NodeProto {
  return { name, opType, domain: '', input: [...inputs], output: [...outputs], attribute: [...attributes] }
}

/** A tensor of the graph with its type. A string is a named dimension, '' an unnamed dynamic one; no dims: of any shape. */
export function makeValueInfo(name: string, dataType: number, dims?: readonly (number | string)[]): ValueInfoProto {
  const shape = dims === undefined ? {} : { shape: { dim: dims.map(makeDimension) } }
  return { name, type: { tensorType: { elemType: dataType, ...shape } } }
}

function makeDimension(dim: number | string): DimensionProto {
  if (typeof dim === 'number') return { dimValue: dim }
  return dim === '' ? {} : { dimParam: dim }
}

export interface GraphParts {
  readonly name?: string
  readonly nodes: readonly NodeProto[]
  readonly inputs: readonly ValueInfoProto[]
  readonly outputs: readonly ValueInfoProto[]
  readonly initializers?: readonly TensorProto[]
  readonly valueInfo?: readonly ValueInfoProto[]
}

export function makeGraph(parts: GraphParts): GraphProto {
  return {
    name: parts.name ?? 'graph',
    node: [...parts.nodes],
    initializer: [...(parts.initializers ?? [])],
    input: [...parts.inputs],
    output: [...parts.outputs],
    valueInfo: [...(parts.valueInfo ?? [])],
  }
}

/** A model on one opset of the standard domain. */
export function makeModel(graph: GraphProto, opset: number, options: { irVersion?: number } = {}): ModelProto {
  return {
    irVersion: options.irVersion ?? 8,
    opsetImport: [{ domain: '', version: opset }],
    producerName: 'squire',
    graph,
  }
}
