// Solves a plan for a chip: from thresholds to scales, and from scales to every integer the chip needs.
// The result depends on the plan, the thresholds and the chip alone.

import { SquireError } from '../errors.js'
import type { ChipProfile, QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import type { GivenAccumulations, SolveContext } from '../operators/contexts.js'
import { familyOf } from '../operators/index.js'
import { NARROW_ROOM_FOR_MASKED, ROOM_FOR_MASKED } from '../operators/masks.js'
import { recordRanges } from '../operators/recordRanges.js'
import type { FixedOperator, PlannedOperator } from '../operators/types.js'
import { Ends } from './ends.js'
import { spread } from './steps.js'
import { toldApart } from './toldApart.js'
import type { FixedPointModel, Plan, ScaleGroup } from './types.js'

/** The smallest normal float32: a smaller scale would be flushed to zero by some runtimes. */
const SMALLEST_SCALE = 2 ** -126

/**
 * A tensor of 16 bits holds values up to this many times its threshold. Unseen data exceed the calibration data, and what would saturate, a
 * winning score above all, costs far more than one of 16 bits.
 */
export const WIDE_HEADROOM = 2

export interface SolveOptions {
  readonly scales?: ReadonlyMap<string, number>
  readonly lutBits?: number
  readonly accumulations?: GivenAccumulations
}

/**
 * @param thresholds T > 0 of every scale group, by its name: |x| <= T is kept, and the scale is T / (2^(bits-1) - 1)
 * @param options.scales that some tensors have whatever their thresholds are; of a group, the largest is taken
 * @param options.accumulations what is known of accumulating operators' integers
 * @param options.lutBits tables over inputs of 16 bits have 2^lutBits segments, 10 if left away
 * @throws SquireError FIXED_POINT naming every operator that the chip's parameters cannot express
 */
export function solveFixedPoint(
  plan: Plan,
  thresholds: ReadonlyMap<string, number>,
  chip: ChipProfile,
  { scales = new Map(), lutBits = 10, accumulations = {} }: SolveOptions = {},
): FixedPointModel {
  const given = { chip, lutBits, accumulations, ...(plan.offsets !== undefined && { offsets: plan.offsets }) }
  let quantized = scalesOf(plan, thresholds, scales)
  const lost: string[] = []
  for (;;) {
    const { tooFine, warnings, offences, ...solved } = solveAll(plan, withBounds(plan, quantized), given)
    if (tooFine === undefined) {
      if (offences.length > 0) throw cannotRun(offences, chip)
      return { chip, ...solved, tensors: plan.tensors, warnings: [...lost, ...warnings] }
    }
    const { operator, shift } = tooFine
    lost.push(`OP:${operator.name}, q_rst: ${shift} < 0, fix it use q_rst=0, this will lose precision`)
    quantized = coarser(plan, quantized, operator.outputs[0]!, 2 ** -shift)
  }
}

/** A step whose result's shift would be negative. */
interface TooFine {
  readonly operator: PlannedOperator
  readonly shift: number
}

function solveAll(
  plan: Plan,
  quantized: ReadonlyMap<string, QuantizedTensor>,
  given: Omit<SolveContext, 'quantized' | 'ranges'>,
) {
  const ranges = new Map([...quantized.values()].map(({ name, bits }) => [name, rangeOf(bits)]))
  const warnings: string[] = []
  const offences: string[] = []
  let tooFine: TooFine | undefined
  const recurrent = recurrentTensors(plan)
  const solveOne = (planned: PlannedOperator): FixedOperator[] => {
    const steps = planned.steps?.flatMap(solveOne)
    const whole = steps === undefined ? planned : { ...planned, steps }
    const solved = familyOf(planned).solve(whole, { ...given, quantized, ranges })
    if ('offence' in solved) {
      const { offence, shift } = solved
      if (shift !== undefined && recurrent.has(planned.outputs[0]!)) tooFine ??= { operator: planned, shift }
      else offences.push(describe(planned, offence))
      return []
    }
    warnings.push(...solved.warnings.map((warning) => `${displayName(planned)}: ${warning}`))
    recordRanges(solved.operator, quantized, ranges)
    return [solved.operator]
  }
  const operators = plan.operators.flatMap(solveOne)
  return { operators, quantized, warnings, offences, tooFine }
}

/** What steps read or write: most have bits to spare, so that a coarser scale is better than none. */
function recurrentTensors({ operators }: Plan): ReadonlySet<string> {
  const steps = operators.flatMap((operator) => operator.steps ?? [])
  return new Set(steps.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
}

/** The scales, but for those of the tensors that share one with `tensor`: these are `factor` times as large. */
function coarser(
  { groups }: Plan,
  quantized: ReadonlyMap<string, QuantizedTensor>,
  tensor: string,
  factor: number,
): ReadonlyMap<string, QuantizedTensor> {
  const { tensors } = groups.find((one) => one.tensors.includes(tensor))!
  const larger = tensors.map((name) => {
    const held = quantized.get(name)!
    return [name, { ...held, scale: held.scale * factor }] as const
  })
  return new Map([...quantized, ...larger])
}

/**
 * Every quantized tensor with its scale: float32(T / (2^(bits-1) - 1)). A tensor of 16 bits makes more room than T, see extremeOf, and may have a slightly
 * coarser scale where its integers are read as values, see Ends.
 */
function scalesOf(
  plan: Plan,
  thresholds: ReadonlyMap<string, number>,
  given: ReadonlyMap<string, number>,
): ReadonlyMap<string, QuantizedTensor> {
  const quantized = new Map<string, QuantizedTensor>()
  const writers = writersIn(plan)
  const ends = new Ends(plan)
  for (const scaleGroup of plan.groups) {
    const { bits } = scaleGroup
    const threshold = thresholds.get(scaleGroup.name)
    if (threshold === undefined || !(threshold > 0 && threshold < Number.POSITIVE_INFINITY)) {
      throw new Error(
        `The scale group "${scaleGroup.name}" has the threshold ${threshold}: expected a positive number.`,
      )
    }
    const writing = scaleGroup.tensors.flatMap((name) => writers.get(name) ?? [])
    const isWide = bits > 8
    const least = isWide ? Math.max(leastExtreme(writing), ends.limitOf(scaleGroup, writing)) : 0
    const extreme = extremeOf(plan, scaleGroup, threshold, least)
    const finest = Math.max(SMALLEST_SCALE, Math.fround(extreme / rangeOf(bits)[1]))
    const calibrated = isWide ? ends.withExactZeros(scaleGroup, writing, finest) : finest
    const known = scaleGroup.tensors.flatMap((name) => given.get(name) ?? [])
    const scale = known.length === 0 ? calibrated : Math.max(...known)
    for (const name of scaleGroup.tensors) {
      const of = plan.narrowed.get(name)
      const offset = plan.offsets?.get(name)
      const more = { ...(offset !== undefined && { offset }), ...(of !== undefined && { of }) }
      quantized.set(name, { name, scale, bits, ...more })
    }
  }
  return quantized
}

/** Every tensor with the bounds beyond which its readers cannot tell its values apart, where there are any. */
function withBounds(plan: Plan, quantized: ReadonlyMap<string, QuantizedTensor>): Map<string, QuantizedTensor> {
  const readers = new Map<string, PlannedOperator[]>()
  for (const operator of plan.operators) {
    for (const name of operator.inputs) readers.set(name, [...(readers.get(name) ?? []), operator])
  }
  const scaleOf = (name: string) => quantized.get(name)?.scale ?? 0
  // The range of a tensor with an offset ends where readers behind moves and pools stop telling its values apart, too.
  const readersOf = (name: string): PlannedOperator[] =>
    (readers.get(name) ?? []).flatMap((reader) => {
      const isPassed = plan.offsets?.has(name) === true && familyOf(reader).traits.offset === 'passes'
      return isPassed ? reader.outputs.flatMap(readersOf) : [reader]
    })
  const bounded = [...quantized].map(([name, tensor]): [string, QuantizedTensor] => {
    // Readers are given values less the tensor's offset, and the bounds are bounds of these values.
    const { low, high } = toldApart(readersOf(name), scaleOf)
    if (low > high || (!Number.isFinite(low) && !Number.isFinite(high))) return [name, tensor]
    // JSON has no infinity.
    return [name, { ...tensor, told: [Math.max(low, -Number.MAX_VALUE), Math.min(high, Number.MAX_VALUE)] }]
  })
  return new Map(bounded)
}

/**
 * The largest magnitude that the integers of a group hold.
 * @param least what its writers ask for; where masked scores count for nothing, what the mask asks for stands instead
 */
function extremeOf(plan: Plan, { tensors, bits }: ScaleGroup, threshold: number, least: number): number {
  const isWide = bits > 8
  const extreme = isWide ? WIDE_HEADROOM * threshold : threshold
  const isMasked = tensors.some((name) => plan.masked.has(name))
  const room = isWide ? ROOM_FOR_MASKED : NARROW_ROOM_FOR_MASKED
  return Math.max(extreme, isMasked ? room : least)
}

/** The operators, those inside of steps too, that write each tensor. */
type Writers = ReadonlyMap<string, readonly PlannedOperator[]>

function writersIn({ operators }: Plan): Writers {
  const writers = new Map<string, PlannedOperator[]>()
  for (const operator of spread(operators)) {
    for (const name of operator.outputs) writers.set(name, [...(writers.get(name) ?? []), operator])
  }
  return writers
}

/** The largest magnitude that the operators which write a group ask its scale to make room for. */
function leastExtreme(writing: readonly PlannedOperator[]): number {
  const largest = writing.reduce((most, one) => Math.max(most, familyOf(one).leastExtreme?.(one) ?? 0), 0)
  // A little more, so that rounding the scale to float32 cannot push a bias out again.
  return largest * (1 + 2 ** -20)
}

function displayName({ name, nodes }: PlannedOperator): string {
  const type = nodes[0]?.opType ?? ''
  return name.startsWith(type) ? name : `${type}_${name}`
}

function describe(operator: PlannedOperator, offence: string): string {
  return `OP:${operator.nodes[0]?.opType}_scaleFix ${offence} (node "${operator.name}")`
}

function cannotRun(offences: readonly string[], chip: ChipProfile): SquireError {
  const remedy =
    "The operators' thresholds do not go with their weights: calibrate with other or more data, try another --quant-mode, " +
    'or adjust the weights of these operators.'
  return new SquireError('FIXED_POINT', [`The model cannot run on ${chip.name}:`, ...offences, remedy].join('\n'))
}
