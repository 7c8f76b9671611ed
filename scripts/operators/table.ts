// What squire makes of each operator, found by planning its forms for a chip.

import { modelInputs } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeNode, makeValueInfo } from '../../src/onnx/node.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import { elementCount } from '../../src/onnx/tensor.js'
import { DataType, type Model, type TensorValue } from '../../src/onnx/types.js'
import { isFallback } from '../../src/operators/index.js'
import { partition } from '../../src/plan/partition.js'
import { viewGraph } from '../../src/plan/view.js'
import type { Case } from './form.js'
import { forms } from './forms.js'
import { activations, constants } from './tensors.js'

export interface Outcome {
  readonly form: string
  /** Why a part of it runs in float; undefined where all is in integers. */
  readonly reason: string | undefined
}

/** Every operator with what becomes of its forms, or why no activation reaches it. */
export async function outcomes(): Promise<ReadonlyMap<string, readonly Outcome[] | string>> {
  const found = new Map<string, readonly Outcome[] | string>()
  for (const [type, ways] of Object.entries(forms)) {
    found.set(type, typeof ways === 'string' ? ways : await Promise.all(ways.map((way) => outcomeOf(way(type)))))
  }
  return found
}

async function outcomeOf(one: Case): Promise<Outcome> {
  const { reasons } = await planned(one)
  return { form: one.form, reason: reasons.length === 0 ? undefined : reasons.join('; ') }
}

/** The form as squire's passes leave it, and why parts of it run in float. */
export async function planned(one: Case): Promise<{ readonly model: Model; readonly reasons: readonly string[] }> {
  const { model } = await optimize(modelOf(one))
  const parts = partition(
    viewGraph(
      model.proto,
      await shapesFor(
        model,
        feedsOf(model, () => 0),
      ),
    ),
  )
  const reasons = parts.filter(isFallback).flatMap(({ reason }) => reason ?? [])
  return { model, reasons: [...new Set(reasons)] }
}

/**
 * The nodes between operators of the chip: what they read is the hyperbolic tangent of inputs of the model, and what they write is read by something
 * more, unless they end the model.
 */
export function modelOf({ nodes, opset, ends }: Case): Model {
  const read = new Set(nodes.flatMap(({ input }) => input))
  const fed = Object.entries(activations).filter(([name]) => read.has(name))
  const graph = makeGraph({
    nodes: [
      ...fed.map(([name]) => makeNode('Tanh', [`${name}_input`], [name], [], `${name}_tanh`)),
      ...nodes,
      ...(ends ? [] : [makeNode('Sigmoid', ['y'], ['end'], [], 'end')]),
    ],
    inputs: fed.map(([name, dims]) => makeValueInfo(`${name}_input`, DataType.FLOAT, dims)),
    outputs: [{ name: ends ? 'y' : 'end' }],
    initializers: constants.filter(({ name }) => read.has(name)),
  })
  return { proto: makeModel(graph, opset), path: '/operator.onnx', hash: '' }
}

/** Values of the model's inputs, by name. */
export function feedsOf({ proto }: Model, sampleAt: (at: number, name: string) => number): Record<string, TensorValue> {
  return Object.fromEntries(
    modelInputs(proto).map(({ name, dims: declared }) => {
      const dims = declared as number[]
      const data = Float32Array.from({ length: elementCount(dims) }, (_, at) => sampleAt(at, name))
      return [name, { type: 'float32', dims, data } as const]
    }),
  )
}
