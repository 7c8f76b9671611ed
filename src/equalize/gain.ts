// How channels are scaled, and what that is predicted to be worth: noise at the outputs of the operators that read them, each relative to the
// power of what that operator writes.
//
// A tensor of 8 bits has one scale s, and its largest channel sets it. Rounding makes the noise s^2/12 wherever a value is not zero, and in a
// channel of less than a step all there is. The reader's weights are scaled with the channels: those of an output channel have one scale too, and
// rounding them makes noise that goes with the power of what they meet. Both follow from the factors, so that factors are chosen by their sum.

import type { Linear } from '../onnx/passes/folding/linear.js'
import { floatValues } from '../onnx/tensor.js'
import type { Chains } from './chains.js'
import type { Chain } from './channels.js'
import { partsOf } from './passing.js'

/** Statistics of each channel of a tensor, over the samples and positions that were looked at. */
export interface ChannelStatistics {
  /** The largest magnitude. */
  readonly largest: Float64Array
  /** Mean of squares. */
  readonly power: Float64Array
  /** Share of values that are not zero. */
  readonly nonzero: Float64Array
}

export type StatisticsOf = (tensor: string) => ChannelStatistics | undefined

/** What the prediction knows of the tensors. */
export interface Known {
  readonly statisticsOf: StatisticsOf
  /** Whether the chip holds a tensor as integers: what a convolution hands to the Relu that is fused with it is never rounded. */
  readonly isRounded: (tensor: string) => boolean
}

const LARGEST_CODE = 127

interface Reader {
  readonly tensor: string
  readonly weights: Float32Array
  readonly linear: Linear
  /** The power of the reader's output, all channels together. */
  readonly power: number
}

/** Tensors that are rounded, and operators with weights that read them. */
interface Noise {
  readonly tensors: readonly { readonly name: string; readonly sensitivity: Float64Array }[]
  readonly readers: readonly Reader[]
}

export interface Scaled {
  readonly chain: Chain
  /** Real value = factor * value in the scaled graph. */
  readonly factors: Float64Array
  /** Predicted noise after over noise before. */
  readonly ratio: number
}

/** With less to gain, a chain stays as it is. */
const MOST_RATIO = 0.8
/** Exponents of ranges, and of weights: more than a half of the way leaves unseen values of scaled channels too little room. */
const RANGE_EXPONENT = 0.5
const WEIGHT_EXPONENTS = [0, 0.25, 0.5]
const LARGEST_FACTOR = 2 ** 10

/** The best factors of a chain; undefined where none of those that are tried promises enough. */
export function chooseFactors(chain: Chain, chains: Chains, known: Known): Scaled | undefined {
  const { statisticsOf } = known
  const noise = noiseOf(chain, chains, known)
  if (noise === undefined || noise.readers.length === 0) return undefined
  const before = predicted(noise, chain, new Float64Array(chain.free.length).fill(1), statisticsOf)
  let best: Scaled | undefined
  for (const exponent of WEIGHT_EXPONENTS) {
    const factors = candidate(noise, chain, exponent, statisticsOf)
    const ratio = predicted(noise, chain, factors, statisticsOf) / before
    if (ratio < (best?.ratio ?? MOST_RATIO)) best = { chain, factors, ratio }
  }
  return best
}

function noiseOf({ tensors }: Chain, { linear, index }: Chains, { statisticsOf, isRounded }: Known): Noise | undefined {
  const names = [...tensors.keys()]
  if (names.some((name) => statisticsOf(name) === undefined)) return undefined
  const readersOf = (name: string) => index.consumers(name).flatMap((node) => linear.get(node.output[0]!) ?? [])
  const readers = names.flatMap((tensor) =>
    readersOf(tensor).flatMap((one): Reader[] => {
      const written = statisticsOf(one.node.output[0]!)
      if (written === undefined) return []
      return [{ tensor, linear: one, weights: floatValues(one.weights), power: sum(written.power) || 1 }]
    }),
  )
  const sensitivities = new Map<string, Float64Array>()
  /** How much noise in a channel counts, through all that passes the channel on. Consumers come later in the graph, so tensors are visited backwards. */
  for (const tensor of [...names].reverse()) {
    const sensitivity = new Float64Array(tensors.get(tensor)!.length)
    for (const { linear: one, weights, power } of readers.filter((reader) => reader.tensor === tensor)) {
      for (const [i, weight] of weights.entries()) sensitivity[one.inputOf(i)]! += weight ** 2 / power
    }
    for (const consumer of index.consumers(tensor)) {
      const [output] = consumer.output as [string]
      const further = sensitivities.get(output)
      if (further === undefined || linear.has(output)) continue
      let from = 0
      for (const name of partsOf(consumer, tensor)) {
        const count = tensors.get(name)!.length
        if (name === tensor) for (let c = 0; c < count; c++) sensitivity[c]! += further[from + c]!
        from += count
      }
    }
    sensitivities.set(tensor, sensitivity)
  }
  const rounded = names.filter(isRounded)
  return { readers, tensors: rounded.map((name) => ({ name, sensitivity: sensitivities.get(name)! })) }
}

function predicted(
  { tensors, readers }: Noise,
  { tensors: numbers }: Chain,
  factors: Float64Array,
  statisticsOf: StatisticsOf,
): number {
  let noise = 0
  for (const { name, sensitivity } of tensors) {
    const own = numbers.get(name)!
    const { largest, power, nonzero } = statisticsOf(name)!
    const step = largest.reduce((most, value, c) => Math.max(most, value / factors[own[c]!]!), 0) / LARGEST_CODE
    for (const [c, value] of sensitivity.entries()) {
      const rounding = ((step * factors[own[c]!]!) ** 2 / 12) * nonzero[c]!
      noise += Math.min(rounding, power[c]!) * value
    }
  }
  for (const { tensor, weights, linear, power: written } of readers) {
    const own = numbers.get(tensor)!
    const { power } = statisticsOf(tensor)!
    const scales = new Float64Array(linear.channels)
    const met = new Float64Array(linear.channels)
    for (const [i, weight] of weights.entries()) {
      const [output, input] = [linear.channelOf(i), linear.inputOf(i)]
      const factor = factors[own[input]!]!
      scales[output] = Math.max(scales[output]!, (Math.abs(weight) * factor) / LARGEST_CODE)
      met[output]! += power[input]! / factor ** 2
    }
    for (const [output, scale] of scales.entries()) noise += ((scale ** 2 / 12) * met[output]!) / written
  }
  return noise
}

/** Factors between 1 and what would give all channels one range. */
function candidate(
  { tensors, readers }: Noise,
  { tensors: numbers, free }: Chain,
  exponent: number,
  statisticsOf: StatisticsOf,
): Float64Array {
  const ranges = new Float64Array(free.length)
  const weights = new Float64Array(free.length)
  for (const { name } of tensors) {
    const { largest, power } = statisticsOf(name)!
    // The largest of few values says little: the mean of squares steadies it.
    for (const [c, number] of numbers.get(name)!.entries()) {
      ranges[number] = Math.max(ranges[number]!, Math.sqrt(largest[c]! * Math.sqrt(power[c]!)))
    }
  }
  for (const { tensor, weights: values, linear } of readers) {
    const own = numbers.get(tensor)!
    for (const [i, value] of values.entries()) {
      const number = own[linear.inputOf(i)]!
      weights[number] = Math.max(weights[number]!, Math.abs(value))
    }
  }
  const [mostRange, mostWeight] = [ranges, weights].map((all) => all.reduce((a, b) => Math.max(a, b), 0)) as [
    number,
    number,
  ]
  return ranges.map((range, number) => {
    if (!free[number] || range === 0) return 1
    const weight = Math.max(weights[number]!, mostWeight * 1e-4)
    const factor = (range / mostRange) ** RANGE_EXPONENT / (weight / mostWeight) ** exponent
    return Math.min(LARGEST_FACTOR, Math.max(1 / LARGEST_FACTOR, factor))
  })
}

function sum(values: Float64Array): number {
  return values.reduce((all, value) => all + value, 0)
}
