// Recurrent layers of every form that ONNX has, lowered, and Scans that somebody has written, planned and solved at random scales; their inputs reach all codes.

import fc from 'fast-check'
import { chipNames, chipProfile } from '../../../src/fixedpoint/chip.js'
import { rangeOf } from '../../../src/fixedpoint/width.js'
import { lowerRecurrent } from '../../../src/onnx/passes/recurrent/lowerRecurrent.js'
import { showSteps } from '../../../src/onnx/passes/recurrent/showSteps.js'
import { shapesFor } from '../../../src/onnx/shapes/shapes.js'
import type { ModelProto } from '../../../src/onnx/types.js'
import { oneWidth } from '../../../src/plan/options.js'
import { makePlan } from '../../../src/plan/plan.js'
import { solveFixedPoint } from '../../../src/plan/solve.js'
import { asModel, feedsFor } from '../../onnx/models.js'
import { noise, type RecurrentForm, recurrentForm, recurrentModel } from '../../onnx/recurrent.js'
import { scanModel, type WrittenScan, writtenScan } from '../../onnx/scans.js'
import { type Layer, type LayersOfFamily, sizeOf } from './arbitraries.js'

interface Drawn {
  readonly seed: number
  readonly opset: number
}

async function layerOf(proto: ModelProto, form: Drawn, bits: number): Promise<Layer> {
  const model = asModel(proto)
  const tensors = await shapesFor(model, feedsFor(proto))
  const chip = chipNames.map(chipProfile).find(({ bitWidths }) => bitWidths.includes(bits))!
  const plan = makePlan(model, tensors, oneWidth(chip, bits))
  // As calibration would find them, or smaller, so that much saturates.
  const thresholds = new Map(plan.groups.map(({ name }, i) => [name, 1.1 + noise(i, form.seed)]))
  const fixed = solveFixedPoint(plan, thresholds, chip)
  const operator = fixed.operators.find(({ kind }) => kind === 'scan')!
  const inputs = operator.inputs.map((name, i) => {
    const [low, high] = rangeOf(fixed.quantized.get(name)!.bits)
    const dims = tensors.get(name)!.dims
    const value = (at: number) => Math.round(low + ((noise(at + 7 * i, form.seed) + 1) / 2) * (high - low))
    return { dims, data: Int32Array.from({ length: sizeOf(dims) }, (_, at) => value(at)) }
  })
  // At a scale of 1 the graph's inputs are the integers themselves.
  const fed = operator.inputs.map((name) => [name, { ...fixed.quantized.get(name)!, scale: 1 }] as const)
  const quantized = new Map([...fixed.quantized, ...fed])
  return { operator, inputs, bits: 16, steps: { quantized, tensors, opset: form.opset } }
}

async function recurrentLayer(form: RecurrentForm, bits: number): Promise<Layer> {
  const { proto } = await lowerRecurrent.apply(recurrentModel(form))
  return layerOf(proto, form, bits)
}

async function scanLayer(form: WrittenScan, bits: number): Promise<Layer> {
  const { proto } = await showSteps.apply(scanModel(form))
  return layerOf(proto, form, bits)
}

export const recurrentLayers: LayersOfFamily = {
  kind: 'scan',
  numRuns: 40,
  // Where sequences have lengths, conditions are computed in float, which the oracle does not know.
  layer: (bits) =>
    fc.oneof(
      { arbitrary: recurrentForm.map((form) => () => recurrentLayer({ ...form, lengths: false }, bits)), weight: 3 },
      { arbitrary: writtenScan.map((form) => () => scanLayer(form, bits)), weight: 1 },
    ),
}
