// Models with QuantizeLinear and DequantizeLinear nodes (QDQ: ONNX Runtime's, PyTorch's, squire's own) as float models, and the scales that
// those nodes stood for. The float model computes what the QDQ model does without rounding its activations; its weights are the rounded ones.
//
//     x -> QuantizeLinear -> DequantizeLinear -> y        y is x, held as integers at that scale; or Relu(x), where the integers hold no
//                                                         negative value: ONNX Runtime's quantizer leaves the Relu to them
//     integer weights -> DequantizeLinear -> w            w is a constant, each of its values a whole number of scales
//     float weights -> QuantizeLinear -> DequantizeLinear -> w     the same, as fake quantization exports it
//
// Scales and zero points may be computed from constants alone, and a Cast that changes nothing may stand in a pair: PyTorch writes both.
// Nodes of another form stay, and run in float: a pair with other nodes between, a scale that is computed, types of no integer array.
// Source: onnx/docs/Operators.md, QuantizeLinear and DequantizeLinear.

import { SquireError } from '../../errors.js'
import { subgraphs } from '../attribute.js'
import { indexGraph, sortTopologically } from '../graph.js'
import { mapGraphs, renameAll } from '../names/renaming.js'
import { constantNodes } from '../passes/constants/constantNodes.js'
import { foldConstants } from '../passes/constants/foldConstants.js'
import { withoutDead } from '../passes/removal/removeDead.js'
import { withoutIdentity } from '../passes/removal/removeIdentity.js'
import type { GraphProto, ModelProto, NodeProto, TensorProto } from '../types.js'
import { isDequantize, QdqTaker } from './qdqTaker.js'
import { asQdq } from './qOperator.js'

/** How an activation is held: real value = (integer - zeroPoint) * scale, integers as wide as two's complement of `bits`. */
export interface HeldActivation {
  readonly scale: number
  /** Of signed integers: that of an unsigned type is less by half of its range. */
  readonly zeroPoint: number
  readonly bits: number
}

/** The scales of a constant. In one channel at least all values are whole numbers of its scale, no larger than 127; that of another holds its largest. */
export interface WeightScales {
  /** One for each index along `axis`; a single one is for all. */
  readonly scales: Float32Array
  readonly axis: number
}

export interface QdqScales {
  /** By tensor of the float model. */
  readonly activations: ReadonlyMap<string, HeldActivation>
  /** By initializer of the float model. */
  readonly weights: ReadonlyMap<string, WeightScales>
}

export interface Dequantized {
  /** The float model. */
  readonly proto: ModelProto
  readonly scales: QdqScales
}

/**
 * undefined for a model that is not quantized.
 * @throws SquireError UNSUPPORTED naming a node that computes on integers and has no QDQ form (QAttention...), or an activation with a scale for each channel
 */
export async function takeQdq(given: ModelProto): Promise<Dequantized | undefined> {
  const proto = asQdq(given)
  refuseIntegerOperators(proto)
  if (!holdsPairs(proto.graph.node)) return undefined
  const { proto: prepared } = await foldConstants.apply(constantNodes.apply(proto).proto)
  const scales = { activations: new Map<string, HeldActivation>(), weights: new Map<string, WeightScales>() }
  const graph = floatGraph(prepared.graph, [], scales)
  return graph === prepared.graph ? undefined : { proto: { ...prepared, graph }, scales }
}

function holdsPairs(nodes: readonly NodeProto[]): boolean {
  return nodes.some((node) => isDequantize(node) || subgraphs(node).some((graph) => holdsPairs(graph.node)))
}

/**
 * The float graph, and those inside its nodes: the steps of a Scan have pairs of their own. The graph itself where none is taken.
 * @param outer constants of the graphs around
 */
function floatGraph(
  graph: GraphProto,
  outer: readonly TensorProto[],
  scales: { readonly activations: Map<string, HeldActivation>; readonly weights: Map<string, WeightScales> },
): GraphProto {
  const known = [...outer, ...graph.initializer]
  const taker = new QdqTaker(indexGraph({ ...graph, initializer: known }))
  let isTaken = false
  const inside = (inner: GraphProto) => {
    const float = floatGraph(inner, known, scales)
    isTaken ||= float !== inner
    return float
  }
  const node = sortTopologically(graph.node)
    .map((one) => taker.take(one))
    .filter((one) => one !== undefined)
    .map((one) => renameAll(one, (name) => taker.renamed.get(name) ?? name))
    .map((one) => ({ ...one, attribute: one.attribute.map((attribute) => mapGraphs(attribute, inside)) }))
  if (!isTaken && taker.activations.size + taker.constants.length === 0) return graph
  for (const [name, held] of taker.activations) scales.activations.set(name, held)
  for (const [name, weight] of taker.weights) scales.weights.set(name, weight)
  // Q nodes that nobody reads go, the constants of what is gone, and the nodes that pass an activation on to an output.
  return withoutIdentity(withoutDead({ ...graph, node, initializer: [...graph.initializer, ...taker.constants] }))
}

/** Operators of models that are quantized in another way -> what has become of the model. */
const foreign: readonly (readonly [operators: RegExp, state: string])[] = [
  [/^Q(Linear|Gemm|Attention|EmbedLayer)/, "the model is quantized in ONNX Runtime's QOperator format"],
  [/^(DynamicQuantize|MatMulInteger|ConvInteger)/, 'the model is quantized while it runs (quantize_dynamic)'],
  [/^(MatMulNBits|MatMulBnb4|GatherBlockQuantized)$/, 'its weights are packed in a few bits'],
]

function refuseIntegerOperators({ graph }: ModelProto): void {
  for (const { opType, name } of graph.node) {
    const state = foreign.find(([operators]) => operators.test(opType))?.[1]
    if (state === undefined) continue
    throw new SquireError(
      'UNSUPPORTED',
      `${opType} "${name}" computes on integers: ${state}. ` +
        'Quantize the float model, or write the model in QDQ format (QuantFormat.QDQ), whose scales squire takes over.',
    )
  }
}
