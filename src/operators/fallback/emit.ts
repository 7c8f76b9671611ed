import type { Emitter } from '../../emit/builder.js'
import { readsDimsOnly } from '../../onnx/operators.js'
import type { EmitContext } from '../contexts.js'
import type { FixedOperator } from '../types.js'

/** The source's nodes in float between a dequantize and a quantize; what only asks for dims is given the integers. */
export function emitFallback(e: Emitter, { nodes, outputs }: FixedOperator, context: EmitContext): string[] {
  const own = new Set(outputs)
  const write = (name: string) => (own.has(name) ? context.source(name) : name)
  const read = (name: string) => (own.has(name) ? write(name) : context.real(name))
  const integers = (name: string) => (context.quantized(name) ? context.integers(name).name : name)
  for (const node of nodes) context.copy([node], readsDimsOnly(node) ? integers : read, write)
  for (const name of outputs) if (context.quantized(name)) context.quantize(e, name)
  return outputs.map(integers)
}
