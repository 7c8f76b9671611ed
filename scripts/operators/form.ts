// A form of an operator: the nodes of a small model, and how they are written down.

import { type AttributeValue, makeAttribute } from '../../src/onnx/attribute.js'
import { makeNode } from '../../src/onnx/node.js'
import type { NodeProto } from '../../src/onnx/types.js'

/** One form of an operator, between float32 inputs of the model and its outputs. */
export interface Case {
  /** What is special about it, for people; '' for the plain form. */
  readonly form: string
  readonly nodes: readonly NodeProto[]
  readonly opset: number
  readonly ends: boolean
  /** The least signal-to-noise ratio in dB that integers keep of what follows it. */
  readonly least: number
}

type Attributes = Readonly<Record<string, AttributeValue>>

/** Inputs and outputs are names between spaces, '_' for one that is left away. */
export const node = (type: string, inputs: string, outputs: string, attributes: Attributes = {}) =>
  makeNode(
    type,
    inputs.split(' ').map((name) => (name === '_' ? '' : name)),
    outputs.split(' ').map((name) => (name === '_' ? '' : name)),
    Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
    `${type}_${outputs.split(' ').at(-1)}`,
  )

interface More {
  readonly form?: string
  readonly outputs?: string
  readonly opset?: number
  readonly before?: readonly NodeProto[]
  readonly after?: readonly NodeProto[]
  /** Nothing follows it: what it writes is the model's output. */
  readonly ends?: boolean
  readonly least?: number
}

export type Form = (type: string) => Case

/** A form that reads these tensors, '_' for one that is left away. */
export const on =
  (
    inputs: string,
    attributes: Attributes = {},
    { form = '', outputs = 'y', opset = 21, before = [], after = [], ends = false, least = 25 }: More = {},
  ): Form =>
  (type) => ({ form, opset, ends, least, nodes: [...before, node(type, inputs, outputs, attributes), ...after] })
