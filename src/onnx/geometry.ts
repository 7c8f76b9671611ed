// Where windows lie: the sizes and paddings of convolution and pooling, over any number of spatial axes.
// Source: the ONNX operator specifications of Conv, MaxPool and AveragePool.

import { intAttribute, intsAttribute, stringAttribute } from './attribute.js'
import type { NodeProto } from './types.js'

/** A window's geometry with everything explicit; every list has one entry a spatial axis, pads two: [begin..., end...]. */
export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly pads: readonly number[]
  /** Whether the last window may reach beyond the padded input. */
  readonly ceil: boolean
}

/** The window of a Conv, MaxPool or AveragePool node over an input of these spatial sizes, auto_pad resolved. */
export function windowOf(node: NodeProto, kernel: readonly number[], input: readonly number[]): Window {
  const ones = kernel.map(() => 1)
  const strides = intsAttribute(node, 'strides', ones)
  const dilations = intsAttribute(node, 'dilations', ones)
  const ceil = intAttribute(node, 'ceil_mode', 0) === 1
  const autoPad = stringAttribute(node, 'auto_pad', 'NOTSET')
  const none = [...ones, ...ones].fill(0)
  if (autoPad === 'NOTSET') return { kernel, strides, dilations, pads: intsAttribute(node, 'pads', none), ceil }
  if (autoPad === 'VALID') return { kernel, strides, dilations, pads: none, ceil }
  const totals = kernel.map((size, axis) => {
    const outputs = Math.ceil(input[axis]! / strides[axis]!)
    const reach = (outputs - 1) * strides[axis]! + dilations[axis]! * (size - 1) + 1
    return Math.max(0, reach - input[axis]!)
  })
  const small = totals.map((total) => Math.floor(total / 2))
  const large = totals.map((total, axis) => total - small[axis]!)
  return {
    kernel,
    strides,
    dilations,
    pads: autoPad === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small],
    ceil,
  }
}

/** How many windows there are along each spatial axis. */
export function windowCounts(window: Window, input: readonly number[]): number[] {
  return input.map((size, axis) => {
    const begin = window.pads[axis]!
    const stride = window.strides[axis]!
    const reach = window.dilations[axis]! * (window.kernel[axis]! - 1) + 1
    const steps = (size + begin + window.pads[input.length + axis]! - reach) / stride
    if (!window.ceil) return Math.floor(steps) + 1
    const count = Math.ceil(steps) + 1
    // A window must begin inside the input or the leading padding.
    return (count - 1) * stride >= size + begin ? count - 1 : count
  })
}

/** One window element that lies inside the input: its number within the kernel, and its offset within the input's plane. */
export interface Tap {
  readonly element: number
  readonly offset: number
}

/** For every window in row-major order, the elements that lie inside the input. */
export function windowTaps(window: Window, input: readonly number[]): Tap[][] {
  const elements = positions(window.kernel)
  return positions(windowCounts(window, input)).map((at) => {
    const taps: Tap[] = []
    elements.forEach((within, element) => {
      const coordinates = within.map(
        (k, axis) => at[axis]! * window.strides[axis]! - window.pads[axis]! + k * window.dilations[axis]!,
      )
      if (coordinates.every((x, axis) => x >= 0 && x < input[axis]!)) {
        taps.push({ element, offset: coordinates.reduce((offset, x, axis) => offset * input[axis]! + x, 0) })
      }
    })
    return taps
  })
}

/** All index tuples of a shape, in row-major order. */
export function positions(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (prefixes, size) => prefixes.flatMap((prefix) => Array.from({ length: size }, (_, index) => [...prefix, index])),
    [[]],
  )
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1)
}
