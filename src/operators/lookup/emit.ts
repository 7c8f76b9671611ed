import { cast } from '../../emit/arithmetic.js'
import type { Emitter } from '../../emit/builder.js'
import { DataType } from '../../onnx/types.js'
import type { EmitContext } from '../contexts.js'
import type { FixedLookup } from './solve.js'

/** The source's own node, of a table of integers. */
export function emitLookup(e: Emitter, { nodes, rows }: FixedLookup, context: EmitContext): string[] {
  const node = nodes[0]!
  const [first, second] = node.input as [string, string]
  if (node.opType === 'Gather') {
    const table = e.integers('table', rows.dims, rows.data)
    return [cast(e, e.emit('Gather', [table, context.real(second)], node.attribute), DataType.FLOAT)]
  }
  if (node.opType === 'OneHot') {
    const values = e.vector('values', 'float32', [2], rows.data)
    return [e.emit('OneHot', [context.real(first), context.real(second), values], node.attribute)]
  }
  const [off, on] = [...rows.data].map((value) => e.scalar('float32', value)) as [string, string]
  return [e.emit('Where', [context.real(first), on, off])]
}
