// From a builder's nodes to a model: what the source contributes, and who wrote it from what.

import type { GraphBuilder } from '../emit/builder.js'
import { EMITTED_OPSET } from '../emit/opset/opset.js'
import { toNumber } from '../onnx/elements/int64.js'
import { readBy } from '../onnx/graph.js'
import { FIXED_INPUTS, GIVEN_TYPES, modelInputs, opsetOf } from '../onnx/model.js'
import { makeGraph } from '../onnx/node.js'
import { isStandardDomain } from '../onnx/operators.js'
import type { ModelProto, TensorProto, ValueInfoProto } from '../onnx/types.js'

/** Where a model comes from; each is written into the model when it is given. */
export interface Provenance {
  /** Version of squire. */
  readonly version?: string
  /** How the thresholds were found. */
  readonly mode?: string
  /** The options that decide its numbers, by name. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** Opset 13 goes with this version of the intermediate representation. */
const LEAST_IR_VERSION = 7

/** The builder's nodes as a model with the source's inputs, opset (13 at least) and those of its initializers that are read. */
export function writtenModel(
  source: ModelProto,
  builder: GraphBuilder,
  outputs: readonly ValueInfoProto[],
  metadata: Readonly<Record<string, string>>,
  { version, mode, options }: Provenance,
): ModelProto {
  const fed = new Set(modelInputs(source).map(({ name }) => name))
  const graph = makeGraph({
    name: source.graph.name || 'graph',
    nodes: builder.nodes,
    inputs: source.graph.input.filter(({ name }) => fed.has(name)),
    outputs,
    initializers: [...initializersRead(source, builder, outputs), ...builder.initializers],
  })
  const kept = source.metadataProps?.filter(({ key }) => key === FIXED_INPUTS || key === GIVEN_TYPES) ?? []
  const properties: readonly (readonly [string, string | undefined])[] = [
    ...kept.map(({ key, value }) => [key, value] as const),
    ...Object.entries(metadata),
    ['mode', mode],
    ['options', options && JSON.stringify(options)],
    ['squire', version],
  ]
  const domains = source.opsetImport.filter(({ domain }) => !isStandardDomain(domain))
  return {
    irVersion: Math.max(LEAST_IR_VERSION, toNumber(source.irVersion)),
    opsetImport: [{ domain: '', version: Math.max(EMITTED_OPSET, opsetOf(source)) }, ...domains],
    producerName: 'squire',
    ...(version !== undefined && { producerVersion: version }),
    graph,
    metadataProps: properties.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
  }
}

function initializersRead(
  { graph }: ModelProto,
  { nodes }: GraphBuilder,
  outputs: readonly ValueInfoProto[],
): TensorProto[] {
  // A QDQ model computes constants from integers under the names that they have in the source.
  const written = new Set(nodes.flatMap(({ output }) => output))
  const names = outputs.map(({ name }) => name)
  return readBy(nodes, graph.initializer, names).filter(({ name }) => !written.has(name))
}
