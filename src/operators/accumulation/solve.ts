// Integers of convolutions and matrix products, from rows of float weights, one row an output channel.

import { arithmeticOf } from '../../fixedpoint/chip.js'
import { goesWith, takeScaleFix } from '../../fixedpoint/givenScaleFix.js'
import type { Offence } from '../../fixedpoint/multiplier.js'
import { type Accumulation, type SolvedAccumulation, solveScaleFix } from '../../fixedpoint/scaleFix.js'
import { floatAttribute, intAttribute } from '../../onnx/attribute.js'
import { boundsOf } from '../clamp.js'
import type { SolveContext } from '../contexts.js'
import { quantizedIn } from '../quantized.js'
import type { IntegerRange } from '../types.js'
import { weightFacts } from './facts.js'
import type { FixedAccumulation, PlannedAccumulation } from './types.js'

export function solveAccumulation(
  planned: PlannedAccumulation,
  rows: readonly Float32Array[],
  context: SolveContext,
): SolvedAccumulation | Offence {
  const { name, inputs, outputs, bias, clamp, inputOffset, refined } = planned
  const from = quantizedIn(context, inputs[0]!)
  const to = quantizedIn(context, outputs[0]!)
  const [low, high] = context.ranges.get(inputs[0]!)!
  const inputRange = [Math.min(low, 0), Math.max(high, 0)] as const
  const scales = { inputScale: from.scale, outputScale: to.scale }
  const weightScales = knownScales(planned, rows.length, context)
  const layer: Accumulation = {
    ...{ rows, bias: refined?.bias ?? bias, inputRange, ...scales, ...boundsOf(to, clamp) },
    facts: weightFacts(planned, () => rows),
    // A refined bias goes with the integer weights already.
    ...(inputOffset !== undefined && refined === undefined && { inputOffset }),
    ...(refined?.rows !== undefined && { chosen: refined.rows }),
    ...(weightScales !== undefined && { weightScales }),
    isMostlyNegative: (context.offsets?.get(outputs[0]!) ?? 0) > 0,
  }
  const arithmetic = arithmeticOf(context.chip, from.bits)
  const given = context.accumulations?.scaleFixes?.get(name)
  return given !== undefined && refined === undefined && goesWith(given, layer)
    ? takeScaleFix(layer, given, arithmetic)
    : solveScaleFix(layer, arithmetic)
}

/** The scales that the weights are whole numbers of, where the model says so: one a channel. */
function knownScales(
  { nodes: [node] }: PlannedAccumulation,
  channels: number,
  { accumulations }: SolveContext,
): ArrayLike<number> | undefined {
  const known = accumulations?.weightScales?.get(node?.input[1] ?? '')
  if (known === undefined || !['Conv', 'Gemm', 'MatMul'].includes(node!.opType)) return undefined
  const factor = Math.abs(floatAttribute(node!, 'alpha', 1))
  if (known.scales.length === 1) return new Float64Array(channels).fill(known.scales[0]! * factor)
  const byRow = node!.opType === 'Conv' || intAttribute(node!, 'transB', 0) === 1
  if (known.axis !== (byRow ? 0 : 1) || known.scales.length !== channels) return undefined
  return Float64Array.from(known.scales, (scale) => scale * factor)
}

/** The bias where it is not the float operator's. */
export function movedBias(
  { inputOffset, refined }: PlannedAccumulation,
  { bias }: SolvedAccumulation,
): Pick<FixedAccumulation, 'bias'> {
  return inputOffset === undefined && refined === undefined ? {} : { bias }
}

/** A warning where channels have no weight but zero. */
export function deadChannels(rows: readonly Float32Array[]): string[] {
  const dead = rows.filter((row) => row.every((weight) => weight === 0)).length
  if (dead === 0) return []
  return [`${dead} of ${rows.length} output channels have no weight but zero: they are constant`]
}

export function accumulationRanges({ scaleFix }: FixedAccumulation): IntegerRange[] {
  return [[scaleFix.low, scaleFix.high]]
}

/** Products that each output value sums up. */
export function productsInSum({ weights, bias }: PlannedAccumulation): number {
  return weights.data.length / bias.length
}

/** A wide output has bits to spare: its scale makes room for a bias larger than the outputs it leads to. */
export function largestBias({ bias, inputOffset }: PlannedAccumulation): number {
  const largest = bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return inputOffset === undefined ? largest : largest * OFFSET_MARGIN
}

/** With an input that has an offset, rounding the weights moves the bias a little. */
const OFFSET_MARGIN = 9 / 8

export function accumulationParameters({
  scaleFix,
  weightScales,
  accumulatorBound,
}: FixedAccumulation): Record<string, unknown> {
  const { q0, q1, q2, scaleInt16, biasInt16, low, high } = scaleFix
  return {
    ...{ q0, q1, q2, scaleInt16: [...scaleInt16], biasInt16: [...biasInt16], low, high },
    weightScales: [...weightScales],
    accumulatorBound,
  }
}
