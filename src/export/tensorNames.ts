// What the exported graph calls a tensor that exists both as integers and as real values. The source's name goes to the integers,
// unless the graph's interface needs it for the real values.

import type { GraphProto } from '../onnx/types.js'
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
