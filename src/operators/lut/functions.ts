// Elementwise ONNX operators as functions of numbers, in double precision. Their results become 8 or 16 bit table entries,
// so what double precision adds over the float model's float32 is never seen. Source: ONNX operator specifications.

import { floatAttribute, stringAttribute } from '../../onnx/attribute.js'
import type { NodeProto } from '../../onnx/types.js'

/** One argument for each input of the node; undefined for an omitted one. */
export type Elementwise = (...inputs: (number | undefined)[]) => number

type Unary = (x: number) => number

const sigmoid: Unary = (x) => 1 / (1 + Math.exp(-x))
// log(1 + e^x) without overflow.
const softplus: Unary = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const normal: Unary = (x) => (x * (1 + erf(x / Math.SQRT2))) / 2

const plain: Readonly<Record<string, Unary>> = {
  Abs: Math.abs,
  Acos: Math.acos,
  Acosh: Math.acosh,
  Asin: Math.asin,
  Asinh: Math.asinh,
  Atan: Math.atan,
  Atanh: Math.atanh,
  Ceil: Math.ceil,
  Cos: Math.cos,
  Cosh: Math.cosh,
  Erf: erf,
  Exp: Math.exp,
  Floor: Math.floor,
  HardSwish: (x) => (x * clamp(x + 3, 0, 6)) / 6,
  Log: Math.log,
  Mish: (x) => x * Math.tanh(softplus(x)),
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Relu: (x) => Math.max(x, 0),
  Round: halfToEven,
  Sigmoid: sigmoid,
  Sign: Math.sign,
  Sin: Math.sin,
  Sinh: Math.sinh,
  Softplus: softplus,
  Softsign: (x) => x / (1 + Math.abs(x)),
  Sqrt: Math.sqrt,
  Tan: Math.tan,
  Tanh: Math.tanh,
}

const withAttributes: Readonly<Record<string, (node: NodeProto) => Unary>> = {
  Celu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1)
    return (x) => Math.max(x, 0) + Math.min(0, alpha * Math.expm1(x / alpha))
  },
  Elu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1)
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x)
  },
  Gelu: (node) => {
    if (stringAttribute(node, 'approximate', 'none') === 'none') return normal
    return (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2
  },
  HardSigmoid: (node) => {
    const alpha = floatAttribute(node, 'alpha', 0.2)
    const beta = floatAttribute(node, 'beta', 0.5)
    return (x) => clamp(alpha * x + beta, 0, 1)
  },
  LeakyRelu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 0.01)
    return (x) => (x < 0 ? alpha * x : x)
  },
  Selu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1.6732632423543772)
    const gamma = floatAttribute(node, 'gamma', 1.0507009873554805)
    return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x)
  },
  Shrink: (node) => {
    const bias = floatAttribute(node, 'bias', 0)
    const lambda = floatAttribute(node, 'lambd', 0.5)
    return (x) => (x < -lambda ? x + bias : x > lambda ? x - bias : 0)
  },
  Swish: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1)
    return (x) => x * sigmoid(alpha * x)
  },
  ThresholdedRelu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1)
    return (x) => (x > alpha ? x : 0)
  },
}

const several: Readonly<Record<string, (...inputs: number[]) => number>> = {
  Add: (a, b) => a! + b!,
  Div: (a, b) => a! / b!,
  Max: Math.max,
  Min: Math.min,
  // Of floats, whose remainder has the sign of the first.
  Mod: (a, b) => a! % b!,
  Mul: (a, b) => a! * b!,
  Pow: (a, b) => a! ** b!,
  PRelu: (x, slope) => (x! < 0 ? slope! * x! : x!),
  Sub: (a, b) => a! - b!,
}

/** The function a node computes for each element; undefined when its operator is not elementwise. */
export function elementwise(node: NodeProto): Elementwise | undefined {
  if (node.opType === 'Clip') {
    // Attributes until opset 10, inputs since.
    const min = floatAttribute(node, 'min', Number.NEGATIVE_INFINITY)
    const max = floatAttribute(node, 'max', Number.POSITIVE_INFINITY)
    return (x, low = min, high = max) => clamp(x!, low, high)
  }
  const f = plain[node.opType] ?? withAttributes[node.opType]?.(node) ?? several[node.opType]
  return f && ((...inputs) => f(...(inputs as [number, ...number[]])))
}

/** The largest magnitudes of functions that have one, by type. */
export const limits: Readonly<Record<string, number>> = {
  Atan: Math.PI / 2,
  Cos: 1,
  Erf: 1,
  HardSigmoid: 1,
  Sigmoid: 1,
  Sin: 1,
  Softsign: 1,
  Tanh: 1,
}

/** Functions whose values are whole numbers. */
export const integral: ReadonlySet<string> = new Set(['Ceil', 'Floor', 'Round', 'Sign'])

/** ONNX's Round, unlike the chip's. */
function halfToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(Math.max(x, low), high)
}

/**
 * The error function to about 1e-15: erf(x) = 2/sqrt(pi) * exp(-x^2) * sum 2^n x^(2n+1) / (1*3*5*...*(2n+1)).
 * Source: Abramowitz and Stegun 7.1.6; all terms have one sign, so nothing cancels.
 */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return ((2 / Math.sqrt(Math.PI)) * sum) / Math.exp(x * x)
}
