// A hard sigmoid written out becomes HardSigmoid, which ONNX Runtime keeps in its blocked layout. With alpha = 1/h and beta = c/h:
//
//     clip(x + c, 0, h) / h  =  max(0, min(1, alpha x + beta))            (ONNX operator HardSigmoid)
//
//     x -> Add c -> Clip 0, h -> Div h -> y             becomes    x -> HardSigmoid -> y
//     x -> Add c -> Clip 0, h -> Mul x -> Div h -> y    becomes    x -> HardSigmoid -> Mul x -> y
//
// Div h may be Mul by the float32 nearest to 1/h. What lies between goes, so nothing else may read it. The pass comes after foldArithmetic:
// where a Conv takes up the Add, the chip's Conv clips at no cost, and its output has the scale of 0...h.

import { floatAttribute, makeAttribute } from '../../attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import { elementCount, floatValues, tensorDims } from '../../tensor.js'
import type { ModelProto, NodeProto } from '../../types.js'
import { floatConstant } from '../folding/linear.js'
import { changed, type Pass, replaceNodes } from '../pass.js'
import { leastRanks } from './leastRanks.js'

export const fuseHardSigmoid: Pass = {
  title: 'hard sigmoids written out made HardSigmoid nodes',
  apply(proto: ModelProto) {
    const { graph } = proto
    const index = indexGraph(graph)
    const ranks = leastRanks(graph)
    const nameOf = nameSource(graph)
    const nodes = new Map<NodeProto, NodeProto | undefined>()
    let count = 0
    for (const node of graph.node) {
      const written = hardSigmoid(node, index)
      if (written === undefined || written.rank > (ranks.get(written.x) ?? 0)) continue
      for (const [old, next] of replacement(written, nameOf)) nodes.set(old, next)
      count++
    }
    return changed(proto, replaceNodes(graph, { nodes, tensors: [] }), count)
  },
}

interface HardSigmoid {
  readonly x: string
  readonly add: NodeProto
  readonly clip: NodeProto
  /** x * clip(x + c, 0, h), where it is part of a hard swish. */
  readonly product: NodeProto | undefined
  readonly division: NodeProto
  readonly alpha: number
  readonly beta: number
  /** The largest rank of its constants: x must have it, or the constants would give it one. */
  readonly rank: number
}

/** The hard sigmoid, or swish, whose last node this is. */
function hardSigmoid(last: NodeProto, index: GraphIndex): HardSigmoid | undefined {
  const division = withConstant(last, index)
  const before = division && soleSource(division.input, index)
  const product = before?.opType === 'Mul' ? before : undefined
  const clip = product ? product.input.map((name) => soleSource(name, index)).find(isClip) : before
  const high = isClip(clip) ? heightOf(clip, index) : undefined
  const add = clip && soleSource(clip.input[0]!, index)
  const addition = add?.opType === 'Add' ? withConstant(add, index) : undefined
  if (!division || !clip || high === undefined || !add || !addition) return undefined
  if (product && !product.input.includes(addition.input)) return undefined
  if (!divides(last, division.value, high) || !isPrecise(addition.value, high)) return undefined
  const alpha = Math.fround(1 / high)
  const beta = Math.fround(addition.value / high)
  const rank = Math.max(addition.rank, division.rank)
  return { x: addition.input, add, clip, product, division: last, alpha, beta, rank }
}

/** Whether a node divides by h, as closely as float32 can. */
function divides({ opType }: NodeProto, value: number, high: number): boolean {
  return opType === 'Div' ? value === high : opType === 'Mul' && value === Math.fround(1 / high)
}

/**
 * Whether alpha x + beta in float32 is as precise as what is written out: 1/h a normal number, and c no further from 0 than h. Of a larger c
 * the sum x + c would cancel exactly, the other one would not.
 */
function isPrecise(shift: number, high: number): boolean {
  const [smallest, largest] = [2 ** -126, 2 ** 126]
  return high >= smallest && high <= largest && Math.abs(shift) <= high
}

/** Each node of the written out form, and what takes its place. HardSigmoid has the name of the first, after which the plan's operator is named. */
function replacement(
  { x, add, clip, product, division, alpha, beta }: HardSigmoid,
  nameOf: (wish: string) => string,
): readonly (readonly [NodeProto, NodeProto | undefined])[] {
  const y = division.output[0]!
  const gate = product ? nameOf(`${y}_hard_sigmoid`) : y
  const attributes = [makeAttribute('alpha', { float: alpha }), makeAttribute('beta', { float: beta })]
  const fused = [add, makeNode('HardSigmoid', [x], [gate], attributes, add.name)] as const
  const gone = [clip, division].map((node) => [node, undefined] as const)
  if (product === undefined) return [fused, ...gone]
  const input = product.input.map((name) => (name === x ? x : gate))
  return [fused, ...gone, [product, { ...product, input, output: [y] }]]
}

/** The node that writes a tensor which one node reads, and the caller does not. */
function soleSource(name: string, index: GraphIndex): NodeProto | undefined {
  const node = index.producer(name)
  const isInner = index.consumers(name).length === 1 && !index.isGraphOutput(name)
  return isInner && node && isStandardDomain(node.domain) ? node : undefined
}

interface Scalar {
  readonly value: number
  readonly rank: number
}

/** A constant of one float32 element. */
function scalar(name: string, index: GraphIndex): Scalar | undefined {
  const tensor = floatConstant(name, index)
  const dims = tensor && tensorDims(tensor)
  return dims && elementCount(dims) === 1 ? { value: floatValues(tensor)[0]!, rank: dims.length } : undefined
}

/** What a node joins with a constant, and the constant; what it divides is not one. */
function withConstant(
  { opType, domain, input }: NodeProto,
  index: GraphIndex,
): (Scalar & { input: string }) | undefined {
  const [left = '', right = ''] = input
  const first = opType === 'Div' ? undefined : scalar(left, index)
  const constant = first ?? scalar(right, index)
  return constant && isStandardDomain(domain) ? { ...constant, input: first ? right : left } : undefined
}

function isClip(node: NodeProto | undefined): node is NodeProto {
  return node?.opType === 'Clip'
}

/** h of a Clip to 0...h. Bounds are attributes until opset 10, inputs since. */
function heightOf(clip: NodeProto, index: GraphIndex): number | undefined {
  const bound = (name: string, input = '') =>
    input === '' ? floatAttribute(clip, name, Number.NaN) : scalar(input, index)?.value
  return bound('min', clip.input[1]) === 0 ? bound('max', clip.input[2]) : undefined
}
