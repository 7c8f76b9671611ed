// What the exported graph calls a tensor that exists both as integers and as real values. The source's name goes to the integers,
// unless the graph's interface needs it for the real values.

import type { QuantizedTensor } from '../fixedpoint/types.js'
import { nameSource } from '../onnx/graph.js'
import type { GraphProto, ModelProto } from '../onnx/types.js'
import { isFallback } from '../operators/index.js'
import type { FixedPointModel } from '../plan/types.js'

export interface TensorNames {
  readonly integers: string
  /** What float nodes or the caller write before the chip quantizes it; unused for a tensor the chip writes. */
  readonly source: string
  /** What float nodes read. */
  readonly dequantized: string
}

/** The three names of every quantized tensor. */
export function nameTensors(
  fixed: FixedPointModel,
  graph: GraphProto,
  outputDequant: boolean,
  unique: (wish: string) => string,
): ReadonlyMap<string, TensorNames> {
  const inputs = new Set(graph.input.map(({ name }) => name))
  const outputs = new Set(graph.output.map(({ name }) => name))
  const writtenInFloat = new Set(fixed.operators.filter(isFallback).flatMap((operator) => operator.outputs))
  const names = new Map<string, TensorNames>()
  for (const name of fixed.quantized.keys()) {
    const realFirst = inputs.has(name) || (writtenInFloat.has(name) && outputs.has(name))
    const dequantizedOutput = outputs.has(name) && outputDequant && !realFirst
    names.set(name, {
      integers: realFirst || dequantizedOutput ? unique(`${name}_quantized`) : name,
      source: realFirst ? name : unique(`${name}_float`),
      dequantized: dequantizedOutput ? name : unique(`${name}_dequantized`),
    })
  }
  return names
}

/** A tensor of the float model that the written model holds as integers, under a name that may be another. */
export interface WrittenTensor extends QuantizedTensor {
  readonly integers: string
}

interface Naming {
  readonly outputDequant: boolean
}

/** What the written model calls the integers of each tensor of its main graph. */
export function writtenTensors(fixed: FixedPointModel, proto: ModelProto, options: Naming): WrittenTensor[] {
  // Steps have tensors that the main graph has not.
  const held = new Set(fixed.operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
  return namedTensors(fixed, proto, options).filter(({ name }) => held.has(name))
}

/** The same for all tensors: sequences of what steps write are in a model that shows all layers. */
export function namedTensors(fixed: FixedPointModel, { graph }: ModelProto, options: Naming): WrittenTensor[] {
  const names = nameTensors(fixed, graph, options.outputDequant, nameSource(graph))
  return [...fixed.quantized.values()].map((tensor) => ({ ...tensor, integers: names.get(tensor.name)!.integers }))
}
