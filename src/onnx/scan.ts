// Scan nodes: which tensors outside belong to which inside.
// Source: onnx/docs/Operators.md, Scan, since opset 9.

import { intAttribute, intsAttribute, subgraphs } from './attribute.js'
import { isStandardDomain } from './operators.js'
import type { GraphProto, NodeProto } from './types.js'

/** What goes from step to step: [the tensor before the first step, before a step, after it, after the last]. */
export interface ScanState {
  readonly initial: string
  readonly before: string
  readonly after: string
  readonly last: string
}

/** A tensor whose slices along an axis are the elements of the steps. */
export interface ScanSequence {
  readonly sequence: string
  readonly element: string
  readonly axis: number
  /** Whether the first step has the last element. */
  readonly reverse: boolean
}

export interface ScanForm {
  readonly body: GraphProto
  readonly states: readonly ScanState[]
  readonly inputs: readonly ScanSequence[]
  readonly outputs: readonly ScanSequence[]
}

export function isScan({ opType, domain }: NodeProto): boolean {
  return opType === 'Scan' && isStandardDomain(domain)
}

/** undefined for the form of opset 8, which has a batch outside of the steps. */
export function scanForm(node: NodeProto): ScanForm | undefined {
  const [body] = subgraphs(node)
  const numInputs = intAttribute(node, 'num_scan_inputs', 0)
  if (body === undefined || body.input.length !== node.input.length) return undefined
  const numStates = node.input.length - numInputs
  const side = (way: 'input' | 'output', names: readonly string[]) =>
    names.slice(numStates).map((sequence, i): ScanSequence => {
      const at = (attribute: string) => intsAttribute(node, `scan_${way}_${attribute}`, [])[i] ?? 0
      const element = body[way][numStates + i]?.name ?? ''
      return { sequence, element, axis: at('axes'), reverse: at('directions') === 1 }
    })
  return {
    body,
    states: body.input.slice(0, numStates).map(({ name }, i) => ({
      initial: node.input[i] ?? '',
      before: name,
      after: body.output[i]?.name ?? '',
      last: node.output[i] ?? '',
    })),
    inputs: side('input', node.input),
    outputs: side('output', node.output),
  }
}
