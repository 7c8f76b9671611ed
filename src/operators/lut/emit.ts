import { cast } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../types.js'
import type { FixedLut } from './solve.js'

/**
 * GatherElements over flat indices, of which negative ones count from the end: in onnxruntime it is 6 to 10 times as fast as Gather or
 * GatherND (bench/lookup.ts).
 * (onnx's reference evaluator needs a GatherElements of its own for it: the one it has holds 64 entries at most.)
 */
export function emitLut(e: Emitter, operator: FixedLut, context: Pick<EmitContext, 'integers'>): string[] {
  const input = context.integers(operator.inputs[0]!)
  const entries = Float32Array.from(operator.table)
  const rotated = Float32Array.from([...entries.subarray(128), ...entries.subarray(0, 128)])
  const table = e.initializer('table', DataType.FLOAT, [256], rotated)
  const shape = e.emit('Shape', [input.name])
  const flat = e.emit('Reshape', [input.name, e.builder.flatShape()])
  const looked = e.emit('GatherElements', [table, cast(e, flat, DataType.INT32)], [makeAttribute('axis', 0)])
  return [e.emit('Reshape', [looked, shape])]
}
