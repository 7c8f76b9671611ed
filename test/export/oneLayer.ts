// Models of one operator, run as exported and by the oracle.

import { expect } from 'vitest'
import type { IntegerModelOptions } from '../../src/export/integerModel.js'
import { integerModel } from '../../src/export/integerModel.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import type { ChipProfile, IntTensor, QuantizedTensor } from '../../src/fixedpoint/types.js'
import { encodeModel } from '../../src/onnx/model.js'
import { makeGraph, makeModel, makeValueInfo } from '../../src/onnx/node.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { DataType, type Model, type NodeProto, type TensorProto } from '../../src/onnx/types.js'
import type { FixedOperator } from '../../src/operators/types.js'
import type { FixedPointModel } from '../../src/plan/types.js'
import { runReference } from '../operators/oracle.js'

const chip = chipProfile('TX5105C')

export const defaults: IntegerModelOptions = { outputDequant: false, allLayers: false }

/** A source model: the graph's interface and the nodes of its software. */
export function sourceModel(
  inputs: Readonly<Record<string, readonly number[]>>,
  outputs: readonly string[],
  parts: {
    nodes?: readonly NodeProto[]
    initializers?: readonly TensorProto[]
    opset?: number
    outputType?: number
  } = {},
): Model {
  const graph = makeGraph({
    nodes: parts.nodes ?? [],
    inputs: Object.entries(inputs).map(([name, dims]) => makeValueInfo(name, DataType.FLOAT, dims)),
    outputs: outputs.map((name) => makeValueInfo(name, parts.outputType ?? DataType.FLOAT)),
    initializers: parts.initializers ?? [],
  })
  return { proto: makeModel(graph, parts.opset ?? 13), path: '/model.onnx', hash: '0' }
}

export function fixedModel(
  operators: readonly FixedOperator[],
  quantized: readonly QuantizedTensor[],
  on = chip,
): FixedPointModel {
  return {
    chip: on,
    operators,
    quantized: new Map(quantized.map((tensor) => [tensor.name, tensor])),
    tensors: new Map(),
    warnings: [],
  }
}

/** The chip and the width of an operator's inputs. */
export interface On {
  readonly chip: ChipProfile
  readonly bits: number
}

/** What more is known of an operator with steps. */
export type StepsOf = Pick<FixedPointModel, 'quantized' | 'tensors'>

/** The tensors of the chip that an operator writes; its conditions where it writes none. */
function writtenBy({ outputs, nodes }: FixedOperator): readonly string[] {
  return outputs.length > 0 ? outputs : nodes[0]!.output
}

/** The exported one-operator model; scales are 1, so that graph inputs are the integers themselves. */
function exportLayer(
  operator: FixedOperator,
  dims: readonly (readonly number[])[],
  bits = 8,
  opset = 13,
  on: On = { chip, bits: 8 },
  steps?: StepsOf,
) {
  const { inputs, outputs } = operator
  const held = [
    ...inputs.map((name) => ({ name, scale: 1, bits: on.bits })),
    ...outputs.map((name) => ({ name, scale: 1, bits })),
  ]
  const fixed = { ...fixedModel([operator], held, on.chip), ...steps }
  const fed = Object.fromEntries(inputs.map((name, index) => [name, dims[index]!]))
  const outputType = outputs.length > 0 ? DataType.FLOAT : DataType.BOOL
  const source = sourceModel(fed, writtenBy(operator), { opset, outputType })
  return { fixed, proto: integerModel(fixed, source, defaults) }
}

/** Asserts that onnxruntime, all optimizations on, computes the oracle's integers, which are returned. */
export async function expectOracle(
  operator: FixedOperator,
  inputs: readonly IntTensor[],
  bits = 8,
  opset = 13,
  on?: On,
  steps?: StepsOf,
): Promise<readonly IntTensor[]> {
  const dims = inputs.map((input) => input.dims)
  const { fixed, proto } = exportLayer(operator, dims, bits, opset, on, steps)
  const expected = runReference(operator, inputs, fixed)
  const session = await createSession(encodeModel(proto))
  try {
    const feeds = operator.inputs.map((name, index) => [name, asFloats(inputs[index]!)] as const)
    const results = await session.run(Object.fromEntries(feeds))
    for (const [index, output] of writtenBy(operator).entries()) {
      expect(results[output]!.dims).toEqual(expected[index]!.dims)
      expectSame(asIntegers(results[output]!.data as Float32Array | Uint8Array), expected[index]!.data)
    }
    return expected
  } finally {
    await session.release()
  }
}

/** Names the first difference: comparing large arrays element by element is slow in the test runner. */
export function expectSame(got: Int32Array, expected: Int32Array): void {
  if (Buffer.compare(Buffer.from(got.buffer), Buffer.from(expected.buffer)) === 0) return
  const at = expected.findIndex((value, index) => value !== got[index])
  expect.fail(`element ${at} is ${got[at]}, expected ${expected[at]}`)
}

function asFloats({ dims, data }: IntTensor) {
  return { type: 'float32' as const, dims, data: Float32Array.from(data) }
}

/** Fails on anything that is not an integer. */
export function asIntegers(data: Float32Array | Uint8Array): Int32Array {
  const fraction = Float32Array.from(data).find((value) => !Number.isInteger(value))
  if (fraction !== undefined) throw new Error(`${fraction} is not an integer.`)
  return Int32Array.from(data)
}
