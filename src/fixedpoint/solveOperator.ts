// Solves one operator of the plan, by its kind.

import type {
  Clamp,
  PlannedAveragePool,
  PlannedBinary,
  PlannedConcat,
  PlannedConv,
  PlannedMatMul,
  PlannedOperator,
  PlannedUnary,
} from '../plan/types.js'
import { type Offence, requantizeBy, shiftBelow, shiftOffence } from './multiplier.js'
import type { IntegerRange } from './ranges.js'
import { clip, rangeOf, roundHalfAway } from './rounding.js'
import { type SolvedAccumulation, solveScaleFix } from './scaleFix.js'
import type { Bounds } from './shiftChoice.js'
import { makeTable } from './table.js'
import type { ChipProfile, FixedOperator, QuantizedTensor, Requantize } from './types.js'

/** What is known when an operator's turn comes: the operators before it have recorded their ranges. */
export interface Surroundings {
  readonly chip: ChipProfile
  readonly quantized: ReadonlyMap<string, QuantizedTensor>
  /** Which integers every quantized tensor can hold. */
  readonly ranges: ReadonlyMap<string, IntegerRange>
}

export interface Solved {
  readonly operator: FixedOperator
  readonly warnings: readonly string[]
}

export function solveOperator(planned: PlannedOperator, around: Surroundings): Solved | Offence {
  switch (planned.kind) {
    case 'conv':
      return solveConv(planned, around)
    case 'matmul':
      return solveMatMul(planned, around)
    case 'unary':
      return solveUnary(planned, around)
    case 'add':
      return solveAdd(planned, around)
    case 'mul':
      return solveMul(planned, around)
    case 'concat':
      return solveConcat(planned, around)
    case 'averagepool':
      return solveAveragePool(planned, around)
    case 'maxpool':
    case 'shape':
    case 'software':
      return { operator: planned, warnings: [] }
  }
}

function solveConv(planned: PlannedConv, around: Surroundings): Solved | Offence {
  const { name, nodes, input, output, weights, group, strides, dilations, pads } = planned
  const channels = weights.dims[0]!
  const depth = weights.data.length / channels
  const rows = Array.from({ length: channels }, (_, c) => weights.data.subarray(c * depth, (c + 1) * depth))
  const solved = solveAccumulation(planned, rows, around)
  if ('offence' in solved) return solved
  const { scaleFix, weightScales, accumulatorBound } = solved
  const data = new Int8Array(weights.data.length)
  solved.rows.forEach((row, c) => {
    data.set(row, c * depth)
  })
  const geometry = { group, strides, dilations, pads }
  const integers = { weights: { dims: weights.dims, data }, weightScales, scaleFix, accumulatorBound }
  return {
    operator: { kind: 'conv', name, nodes, input, output, ...geometry, ...integers },
    warnings: deadChannels(rows),
  }
}

function solveMatMul(planned: PlannedMatMul, around: Surroundings): Solved | Offence {
  const { name, nodes, input, output, weights } = planned
  const [depth, columns] = weights.dims
  const rows = Array.from({ length: columns }, (_, column) =>
    Float32Array.from({ length: depth }, (_, k) => weights.data[k * columns + column]!),
  )
  const solved = solveAccumulation(planned, rows, around)
  if ('offence' in solved) return solved
  const { scaleFix, weightScales, accumulatorBound } = solved
  const data = Int8Array.from(weights.data, (_, at) => solved.rows[at % columns]![Math.floor(at / columns)]!)
  const integers = { weights: { dims: weights.dims, data }, weightScales, scaleFix, accumulatorBound }
  return { operator: { kind: 'matmul', name, nodes, input, output, ...integers }, warnings: deadChannels(rows) }
}

function solveAccumulation(
  { input, output, bias, clamp }: PlannedConv | PlannedMatMul,
  rows: readonly Float32Array[],
  around: Surroundings,
): SolvedAccumulation | Offence {
  const from = quantizedIn(around, input)
  const to = quantizedIn(around, output)
  const [low, high] = around.ranges.get(input)!
  const inputRange = [Math.min(low, 0), Math.max(high, 0)] as const
  const scales = { inputScale: from.scale, outputScale: to.scale }
  return solveScaleFix({ rows, bias, inputRange, ...scales, ...boundsOf(to, clamp) }, around.chip)
}

function deadChannels(rows: readonly Float32Array[]): string[] {
  const dead = rows.filter((row) => row.every((weight) => weight === 0)).length
  if (dead === 0) return []
  return [`${dead} of ${rows.length} output channels have no weight but zero: they are constant`]
}

function solveUnary(planned: PlannedUnary, around: Surroundings): Solved | Offence {
  const { name, nodes, input, output, label } = planned
  const table = makeTable(planned.evaluate, quantizedIn(around, input), quantizedIn(around, output))
  if (!table) return { offence: `${label} is nowhere a number in the range of its input` }
  return { operator: { kind: 'table', name, nodes, input, output, table, label }, warnings: [] }
}

function solveAdd(planned: PlannedBinary, around: Surroundings): Solved | Offence {
  const { name, nodes, inputs, output, clamp } = planned
  const { chip } = around
  const to = quantizedIn(around, output)
  const factors = inputs.map((input) => quantizedIn(around, input).scale / to.scale) as [number, number]
  // The finest common scale at which the larger multiplier still fits.
  const q2 = shiftBelow(Math.max(...factors), rangeOf(chip.multiplierBits)[1], chip.qRange[1])
  if (q2 < chip.qRange[0]) return shiftOffence('q2', q2, chip)
  const first = requantizeBy(factors[0] * 2 ** q2, 'q0', chip)
  const second = requantizeBy(factors[1] * 2 ** q2 * (planned.negate ? -1 : 1), 'q1', chip)
  if ('offence' in first) return first
  if ('offence' in second) return second
  const requantize: readonly [Requantize, Requantize] = [first, second]
  return {
    operator: { kind: 'add', name, nodes, inputs, output, requantize, q2, ...boundsOf(to, clamp) },
    warnings: [],
  }
}

function solveMul(planned: PlannedBinary, around: Surroundings): Solved | Offence {
  const { name, nodes, inputs, output, clamp } = planned
  const to = quantizedIn(around, output)
  const [left, right] = [quantizedIn(around, inputs[0]), quantizedIn(around, inputs[1])]
  const requantize = requantizeBy((left.scale * right.scale) / to.scale, 'q2', around.chip)
  if ('offence' in requantize) return requantize
  return { operator: { kind: 'mul', name, nodes, inputs, output, requantize, ...boundsOf(to, clamp) }, warnings: [] }
}

function solveConcat(planned: PlannedConcat, around: Surroundings): Solved | Offence {
  const { name, nodes, inputs, output, axis } = planned
  const to = quantizedIn(around, output)
  const requantize: (Requantize | undefined)[] = []
  for (const input of inputs) {
    const { scale, bits } = quantizedIn(around, input)
    const same = scale === to.scale && bits === to.bits
    const fix = same ? undefined : requantizeBy(scale / to.scale, 'q2', around.chip)
    if (fix && 'offence' in fix) return fix
    requantize.push(fix)
  }
  return { operator: { kind: 'concat', name, nodes, inputs, output, axis, requantize }, warnings: [] }
}

function solveAveragePool(planned: PlannedAveragePool, around: Surroundings): Solved | Offence {
  const { name, nodes, input, output, kernelShape, strides, pads, channels, global, divisor } = planned
  const factor = quantizedIn(around, input).scale / (quantizedIn(around, output).scale * divisor)
  const requantize = requantizeBy(factor, 'q2', around.chip)
  if ('offence' in requantize) return requantize
  const geometry = { kernelShape, strides, pads, channels, global }
  return { operator: { kind: 'averagepool', name, nodes, input, output, ...geometry, requantize }, warnings: [] }
}

/** The width's range, narrowed by a fused Relu or Clip. */
function boundsOf({ scale, bits }: QuantizedTensor, clamp: Clamp | undefined): Bounds {
  const [least, most] = rangeOf(bits)
  if (!clamp) return { low: least, high: most }
  const toInteger = (bound: number) => clip(roundHalfAway(bound / scale), least, most)
  return { low: toInteger(clamp.low), high: toInteger(clamp.high) }
}

function quantizedIn({ quantized }: Surroundings, name: string): QuantizedTensor {
  const tensor = quantized.get(name)
  if (!tensor) throw new Error(`The plan gives "${name}" no scale class.`)
  return tensor
}
