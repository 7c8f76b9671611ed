import { cast } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../types.js'
import type { FixedLookup } from './solve.js'

/** The source's own Gather, of a table of integers. */
export function emitLookup(e: Emitter, { nodes, rows }: FixedLookup, context: EmitContext): string[] {
  const node = nodes[0]!
  const table = e.integers('table', rows.dims, rows.data)
  const found = e.emit('Gather', [table, context.real(node.input[1]!)], node.attribute)
  return [cast(e, found, DataType.FLOAT)]
}
