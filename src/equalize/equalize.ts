// Equalization of channels (Nagel and others, "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv 1906.04721), by what
// activations and weights together lose: a channel of small values gets more of the codes of its tensor, and its readers' weights pay for it.

import { nameSource } from '../onnx/graph.js'
import type { Linear } from '../onnx/passes/folding/linear.js'
import { floatValues, makeTensor, tensorDims } from '../onnx/tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../onnx/types.js'
import type { Chains } from './chains.js'
import { chooseFactors, type Known, type Scaled } from './gain.js'

export interface Equalized {
  /** Computes what the model computes within float rounding; tensors keep their names. */
  readonly proto: ModelProto
  /** Chains of tensors that were scaled. */
  readonly scaled: readonly Scaled[]
  /** Tensor -> the factor of each channel: real value = factor * value in the scaled graph. */
  readonly factorsOf: ReadonlyMap<string, Float64Array>
}

/** @param known of every tensor of a chain, and of what the operators that read it write */
export function equalize(proto: ModelProto, chains: Chains, known: Known): Equalized {
  const scaled = chains.chains.flatMap((chain) => chooseFactors(chain, chains, known) ?? [])
  const factorsOf = new Map(
    scaled.flatMap(({ chain, factors: all }) =>
      [...chain.tensors].map(
        ([name, numbers]) => [name, Float64Array.from(numbers, (number) => all[number]!)] as const,
      ),
    ),
  )
  const { graph } = proto
  const unique = nameSource(graph)
  const constants: TensorProto[] = []
  const node = graph.node.map((one) => {
    const linear = chains.linear.get(one.output[0] ?? '')
    if (linear === undefined) return one
    const [taken, given] = [factorsOf.get(one.input[0]!), factorsOf.get(one.output[0]!)]
    if (taken === undefined && given === undefined) return one
    const result = rescaled(linear, taken, given, unique)
    constants.push(...result.constants)
    return result.node
  })
  const initializer = [...graph.initializer, ...constants]
  return { proto: { ...proto, graph: { ...graph, node, initializer } }, scaled, factorsOf }
}

function rescaled(
  { node, weights, bias, channelOf, inputOf }: Linear,
  taken: Float64Array | undefined,
  given: Float64Array | undefined,
  unique: (wish: string) => string,
): { readonly node: NodeProto; readonly constants: readonly TensorProto[] } {
  const inOf = (index: number) => taken?.[inputOf(index)] ?? 1
  const outOf = (channel: number) => given?.[channel] ?? 1
  const values = floatValues(weights).map((value, index) => (value * inOf(index)) / outOf(channelOf(index)))
  const [output] = node.output as [string]
  const weight = makeTensor(unique(`${output}_weight`), DataType.FLOAT, tensorDims(weights), values)
  if (given === undefined || !node.input[2]) {
    const input = [node.input[0]!, weight.name, ...node.input.slice(2)]
    return { node: { ...node, input }, constants: [weight] }
  }
  const scaledBias = Float32Array.from(bias, (value, channel) => value / outOf(channel))
  const added = makeTensor(unique(`${output}_bias`), DataType.FLOAT, [scaledBias.length], scaledBias)
  // The bias has beta inside.
  const attribute = node.attribute.filter(({ name }) => name !== 'beta')
  return {
    node: { ...node, input: [node.input[0]!, weight.name, added.name], attribute },
    constants: [weight, added],
  }
}
