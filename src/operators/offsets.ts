// Tensors held less a constant, in the float graph: what families know of it, and what those with a clamp at their end have in common.

import { floatAttribute, makeAttribute } from '../onnx/attribute.js'
import { makeNode } from '../onnx/node.js'
import type { NodeProto, TensorData } from '../onnx/types.js'
import type { PlannedOperator } from './types.js'

/** The float graph some of whose tensors are held less a constant: operators add their nodes to it. */
export interface OffsetContext {
  readonly opset: number
  /** The constant that a tensor is held less; 0 for most tensors. */
  offset(tensor: string): number
  add(...nodes: readonly NodeProto[]): void
  unique(wish: string): string
  /** The name of a new tensor of the same type and dims. */
  like(tensor: string, wish: string): string
  constant(wish: string, dataType: number, dims: readonly number[], data: TensorData): string
  scalar(wish: string, value: number): string
  /** The first value of a constant. */
  value(constant: string): number
  /** The tensor with real zeros around it; pads are [before each axis of space..., after each...]. Operators that pad a tensor alike share one Pad node. */
  padded(tensor: string, pads: readonly number[], name: string): string
}

/** How a family holds its tensors less constants. */
export interface Offsets<P extends PlannedOperator> {
  /** Whether its nodes have a form that `write` knows; left away: always. */
  knows?(operator: P): boolean
  /** Whether it reads zeros around its input. Where the input has an offset, a Pad node has to write them. */
  pads?(operator: P): boolean
  /** The bias of each output channel, where its input is held less `offset`. */
  biases?(operator: P, offset: number): Float64Array
  /** The operator with its input's offset written in. It needs it when it is solved: rounded weights make something else of the offset than the float weights do. */
  reading?(operator: P, offset: number): P
  /** Adds the operator's nodes to the graph. */
  write(operator: P, context: OffsetContext): void
}

/** For operators that are linear in their inputs: the offsets of the inputs add up to the output's, so that only the bounds of a clamp behind them change. */
export const addingOffsets: Pick<Offsets<PlannedOperator>, 'knows' | 'write'> = {
  knows: ({ nodes: [, ...rest] }) => areClamps(rest),
  write({ nodes: [first, ...rest], outputs }, context) {
    context.add(first!)
    addClamps(rest, context.offset(outputs[0]!), context)
  },
}

const clamps: ReadonlySet<string> = new Set(['Relu', 'Clip'])

export function areClamps(nodes: readonly NodeProto[]): boolean {
  return nodes.every(({ opType }) => clamps.has(opType))
}

/** Clamps behind an operator, less its output's offset. */
export function addClamps(nodes: readonly NodeProto[], offset: number, context: OffsetContext): void {
  context.add(...nodes.map((node) => (offset === 0 ? node : clampLess(node, offset, context))))
}

function clampLess(node: NodeProto, offset: number, context: OffsetContext): NodeProto {
  const bounds = node.opType === 'Relu' ? ([0, undefined] as const) : boundsOf(node, context)
  const [low, high] = bounds.map((bound) => (bound === undefined ? undefined : Math.fround(bound - offset)))
  const [input, output] = [node.input[0]!, node.output[0]!]
  if (context.opset < 11) {
    const attributes = [
      ...(low === undefined ? [] : [makeAttribute('min', { float: low })]),
      ...(high === undefined ? [] : [makeAttribute('max', { float: high })]),
    ]
    return makeNode('Clip', [input], [output], attributes, node.name)
  }
  const inputs = [low, high].map((bound) => (bound === undefined ? '' : context.scalar(`${output}_bound`, bound)))
  while (inputs.at(-1) === '') inputs.pop()
  return makeNode('Clip', [input, ...inputs], [output], [], node.name)
}

/** Bounds are inputs since opset 11, attributes before. */
function boundsOf(node: NodeProto, context: OffsetContext): readonly [number | undefined, number | undefined] {
  const [, min = '', max = ''] = node.input
  const attribute = (name: string) => {
    const value = floatAttribute(node, name, Number.NaN)
    return Number.isNaN(value) ? undefined : value
  }
  return [min === '' ? attribute('min') : context.value(min), max === '' ? attribute('max') : context.value(max)]
}

/** Adds `from + constant`, `from - constant` or `from * constant`. */
export function addArithmetic(
  opType: 'Add' | 'Sub' | 'Mul',
  from: string,
  constant: number,
  to: string,
  context: OffsetContext,
): void {
  const operand = context.scalar(`${to}_${opType === 'Mul' ? 'factor' : 'offset'}`, constant)
  context.add(makeNode(opType, [from, operand], [to], [], context.unique(`${to}_${opType.toLowerCase()}`)))
}
