// What each of ONNX Runtime's operators is in standard ones. Source: onnxruntime/docs/ContribOperators.md.

import { floatAttribute, floatsAttribute, makeAttribute, stringAttribute } from '../../attribute.js'
import type { NodeProto } from '../../types.js'
import type { Lowering, Writer } from './writer.js'

/** The attributes that a standard operator has as well. */
const without = (node: NodeProto, ...names: readonly string[]) =>
  node.attribute.filter(({ name }) => !names.includes(name))

/** The activation that a fused operator ends with; undefined for one that is not known. */
function activate(node: NodeProto, x: string, parameters: readonly number[], to: Writer): string | undefined {
  const [output] = node.output
  const kind = stringAttribute(node, 'activation', '')
  const named = (names: readonly string[]) =>
    names.flatMap((name, i) => (parameters[i] === undefined ? [] : [makeAttribute(name, { float: parameters[i] })]))
  switch (kind) {
    case 'Relu':
    case 'Tanh':
    case 'Sigmoid':
      return to.add(kind, [x], [], output)
    case 'LeakyRelu':
      return to.add(kind, [x], named(['alpha']), output)
    case 'HardSigmoid':
      return to.add(kind, [x], named(['alpha', 'beta']), output)
    case 'HardSwish':
      if (to.opset >= 14) return to.add(kind, [x], [], output)
      return to.add('Mul', [x, to.add('HardSigmoid', [x], [makeAttribute('alpha', { float: 1 / 6 })])], [], output)
    case 'Clip':
      return to.opset < 11
        ? to.add(kind, [x], named(['min', 'max']), output)
        : to.add(kind, [x, ...parameters.map((value) => to.scalar(value))], [], output)
    default:
      return undefined
  }
}

function gelu(x: string, output: string | undefined, to: Writer): boolean {
  if (to.opset >= 20) to.add('Gelu', [x], [], output)
  else {
    const erf = to.add('Erf', [to.add('Div', [x, to.scalar(Math.SQRT2)])])
    const half = to.add('Mul', [x, to.add('Add', [erf, to.scalar(1)])])
    to.add('Mul', [half, to.scalar(0.5)], [], output)
  }
  return true
}

/** 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
function fastGelu(x: string, output: string | undefined, to: Writer): void {
  const cube = to.add('Mul', [to.add('Mul', [x, x]), x])
  const inner = to.add('Add', [x, to.add('Mul', [cube, to.scalar(0.044715)])])
  const tanh = to.add('Tanh', [to.add('Mul', [inner, to.scalar(Math.sqrt(2 / Math.PI))])])
  const half = to.add('Mul', [x, to.add('Add', [tanh, to.scalar(1)])])
  to.add('Mul', [half, to.scalar(0.5)], [], output)
}

function scaled(x: string, factor: number, to: Writer): string {
  return factor === 1 ? x : to.add('Mul', [x, to.scalar(factor)])
}

/**
 * x + bias + skip, which is an output as well; undefined where the mean or the deviation is used. The runtime has the normalizations behind it in any
 * opset.
 */
function skipped(node: NodeProto, [x = '', skip = '', bias = '']: readonly string[], to: Writer): string | undefined {
  const [, mean, deviation, total] = node.output
  if (to.isUsed(mean) || to.isUsed(deviation)) return undefined
  const biased = bias === '' ? x : to.add('Add', [x, bias])
  return to.add('Add', [biased, skip], [], total || undefined)
}

const lastAxis = (node: NodeProto) => [
  makeAttribute('axis', -1),
  makeAttribute('epsilon', { float: floatAttribute(node, 'epsilon', 1e-12) }),
]

const ACTIVATION = ['activation', 'activation_params'] as const

/** By operator type. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  FusedConv(node, to) {
    const [x = '', weights = '', bias = '', added = ''] = node.input
    const inputs = bias === '' ? [x, weights] : [x, weights, bias]
    const convolved = to.add('Conv', inputs, without(node, ...ACTIVATION))
    const sum = added === '' ? convolved : to.add('Add', [convolved, added])
    return activate(node, sum, floatsAttribute(node, 'activation_params', undefined) ?? [], to) !== undefined
  },

  FusedGemm(node, to) {
    const names = ['activation_alpha', 'activation_beta', 'activation_gamma']
    const product = to.add('Gemm', node.input, without(node, 'activation', ...names))
    const given = names.filter((name) => node.attribute.some((one) => one.name === name))
    const parameters = given.map((name) => floatAttribute(node, name, 0))
    return activate(node, product, parameters, to) !== undefined
  },

  Gelu: (node, to) => gelu(node.input[0]!, node.output[0], to),

  BiasGelu: (node, to) => gelu(to.add('Add', node.input), node.output[0], to),

  FastGelu(node, to) {
    const [x = '', bias = ''] = node.input
    fastGelu(bias === '' ? x : to.add('Add', [x, bias]), node.output[0], to)
    return true
  },

  QuickGelu(node, to) {
    const [x = ''] = node.input
    const gate = to.add('Sigmoid', [scaled(x, floatAttribute(node, 'alpha', 1.702), to)])
    to.add('Mul', [x, gate], [], node.output[0])
    return true
  },

  SkipLayerNormalization(node, to) {
    const [x = '', skip = '', gamma = '', beta = '', bias = ''] = node.input
    const sum = skipped(node, [x, skip, bias], to)
    if (sum === undefined) return false
    const inputs = beta === '' ? [sum, gamma] : [sum, gamma, beta]
    to.add('LayerNormalization', inputs, lastAxis(node), node.output[0])
    return true
  },

  SkipSimplifiedLayerNormalization(node, to) {
    const [x = '', skip = '', gamma = '', bias = ''] = node.input
    const sum = skipped(node, [x, skip, bias], to)
    if (sum === undefined) return false
    to.add('SimplifiedLayerNormalization', [sum, gamma], lastAxis(node), node.output[0])
    return true
  },

  /** Words, places and segments, added up and normalized; its second output is how long each sequence is. */
  EmbedLayerNormalization(node, to) {
    const [ids = '', segments = '', words = '', places = '', kinds = '', gamma = '', beta = '', mask = '', at = ''] =
      node.input
    const [output, lengths, total] = node.output
    if (to.isUsed(lengths) && mask === '') return false
    const rowsOf = (table: string, indices: string) => to.add('Gather', [table, indices], [makeAttribute('axis', 0)])
    const sum = to.add('Add', [rowsOf(words, ids), at === '' ? firstRows(places, ids, to) : rowsOf(places, at)])
    const all = segments === '' ? sum : to.add('Add', [sum, rowsOf(kinds, segments)])
    if (to.isUsed(total)) to.add('Identity', [all], [], total)
    to.add('LayerNormalization', [all, gamma, beta], lastAxis(node), output)
    if (to.isUsed(lengths)) to.add('ReduceSum', [mask, ...sumAxes(to)], sumAttributes(to), lengths)
    return true
  },
}

/** As many rows of a table as a sequence is long. */
function firstRows(table: string, ids: string, to: Writer): string {
  const length = to.add('Gather', [to.add('Shape', [ids]), to.integers([1])], [makeAttribute('axis', 0)])
  return to.add('Slice', [table, to.integers([0]), length, to.integers([0])])
}

/** The axes of a ReduceSum are an input since opset 13. */
const sumAxes = (to: Writer) => (to.opset >= 13 ? [to.integers([1])] : [])
const sumAttributes = (to: Writer) => [
  makeAttribute('keepdims', 0),
  ...(to.opset >= 13 ? [] : [makeAttribute('axes', [1])]),
]
