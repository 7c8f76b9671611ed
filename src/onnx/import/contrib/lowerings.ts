// What each of ONNX Runtime's operators is in standard ones. Source: onnxruntime/docs/ContribOperators.md.

import { floatAttribute, floatsAttribute, intAttribute, makeAttribute, stringAttribute } from '../../attribute.js'
import type { NodeProto } from '../../types.js'
import type { Lowering, Writer } from './writer.js'

/** The attributes that a standard operator has as well. */
const without = (node: NodeProto, ...names: readonly string[]) =>
  node.attribute.filter(({ name }) => !names.includes(name))

/** The activation that a fused operator ends with; undefined for one that is not known. */
function activate(node: NodeProto, x: string, to: Writer): string | undefined {
  const [output] = node.output
  const kind = stringAttribute(node, 'activation', '')
  const parameters = floatsAttribute(node, 'activation_params', undefined) ?? []
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
    return activate(node, added === '' ? convolved : to.add('Add', [convolved, added]), to) !== undefined
  },

  FusedGemm(node, to) {
    const product = to.add(
      'Gemm',
      node.input,
      without(node, 'activation', 'activation_alpha', 'activation_beta', 'activation_gamma'),
    )
    return activate(node, product, to) !== undefined
  },

  FusedMatMul(node, to) {
    const [left = '', right = ''] = node.input
    if (intAttribute(node, 'transBatchA', 0) !== 0 || intAttribute(node, 'transBatchB', 0) !== 0) return false
    const sides = [left, right].map((name, i) => {
      if (intAttribute(node, i === 0 ? 'transA' : 'transB', 0) === 0) return name
      const rank = to.constantDims(name)?.length
      if (rank === undefined || rank < 2) return undefined
      const axes = Array.from({ length: rank }, (_, axis) => axis)
      return to.add('Transpose', [name], [makeAttribute('perm', [...axes.slice(0, -2), rank - 1, rank - 2])])
    })
    if (sides.some((name) => name === undefined)) return false
    const alpha = floatAttribute(node, 'alpha', 1)
    const inputs = sides as string[]
    if (alpha === 1) to.add('MatMul', inputs, [], node.output[0])
    else to.add('Mul', [to.add('MatMul', inputs), to.scalar(alpha)], [], node.output[0])
    return true
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

  /** Self-attention without a mask, past or causal order: one product for query, key and value, then heads. */
  Attention(node, to) {
    const [x = '', weights = '', bias = '', ...more] = node.input
    const width = to.constantDims(weights)?.[1]
    const heads = intAttribute(node, 'num_heads', 0)
    const plain = more.every((name) => name === '') && !to.isUsed(node.output[1]) && to.opset >= 13
    const special = ['unidirectional', 'do_rotary', 'past_present_share_buffer'].some(
      (name) => intAttribute(node, name, 0) !== 0,
    )
    const equal = node.attribute.every(({ name }) => name !== 'qkv_hidden_sizes')
    if (width === undefined || width % (3 * heads) !== 0 || !plain || special || !equal) return false
    const third = width / 3
    const product = to.add('MatMul', [x, weights])
    const all = bias === '' ? product : to.add('Add', [product, bias])
    const parts = to.split('Split', [all, to.integers([third, third, third])], 3, [makeAttribute('axis', -1)])
    const split = to.integers([0, 0, heads, third / heads])
    const inHeads = (part: string, perm: readonly number[]) =>
      to.add('Transpose', [to.add('Reshape', [part, split])], [makeAttribute('perm', perm)])
    const scores = to.add('MatMul', [inHeads(parts[0]!, [0, 2, 1, 3]), inHeads(parts[1]!, [0, 2, 3, 1])])
    const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(third / heads)
    const shares = to.add('Softmax', [scaled(scores, scale, to)], [makeAttribute('axis', -1)])
    const mixed = to.add('MatMul', [shares, inHeads(parts[2]!, [0, 2, 1, 3])])
    const together = to.add('Transpose', [mixed], [makeAttribute('perm', [0, 2, 1, 3])])
    to.add('Reshape', [together, to.integers([0, 0, third])], [], node.output[0])
    return true
  },
}
