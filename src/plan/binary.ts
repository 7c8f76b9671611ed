// Sums, differences, products and concatenations of activations.

import { intAttribute } from '../onnx/attribute.js'
import type { NodeProto } from '../onnx/types.js'
import { followingClamp } from './clamp.js'
import type { Draft, Refusal } from './draft.js'
import type { GraphView } from './view.js'

const kinds: Readonly<Record<string, 'add' | 'mul'>> = { Add: 'add', Sub: 'add', Sum: 'add', Mul: 'mul' }

export function binaryOf(node: NodeProto, view: GraphView): Draft | Refusal | undefined {
  const kind = kinds[node.opType]
  if (!kind || !node.input.some((name) => view.isActivation(name))) return undefined
  const [left, right, ...more] = node.input
  if (more.length > 0 || right === undefined) return { refusal: `it has ${node.input.length} inputs` }
  if (!view.isActivation(left) || !view.isActivation(right)) {
    return { refusal: 'its constant is neither a scalar nor one value a channel' }
  }
  const { clamp, nodes, output } = followingClamp(node.output[0]!, view)
  return { kind, nodes: [node, ...nodes], inputs: [left, right], output, negate: node.opType === 'Sub', clamp }
}

export function concatOf(node: NodeProto, view: GraphView): Draft | Refusal | undefined {
  if (node.opType !== 'Concat' || !view.isActivation(node.output[0])) return undefined
  if (!node.input.every((name) => view.isActivation(name))) return { refusal: 'it joins constants' }
  const [input] = node.input
  if (node.input.length === 1) return { kind: 'shape', nodes: [node], input: input!, outputs: [node.output[0]!] }
  const axis = intAttribute(node, 'axis', 1)
  return { kind: 'concat', nodes: [node], inputs: [...node.input], output: node.output[0]!, axis }
}
