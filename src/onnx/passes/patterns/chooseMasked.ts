// The addition of a mask before a Softmax becomes a choice. A mask is zeros, and values so low that the Softmax leaves nothing of what they are
// added to. A scale that holds them would round all scores to zero.
//
//     x + mask                           becomes   Where(mask is not low, x, mask)
//     x + (mask and other constants)     becomes   Where(mask is not low, x + others, mask)     a position's bias, say
//     x + Where(kept, 0, low)            becomes   Where(kept, x, low)
//     x + Where(kept, y, low)            becomes   Where(kept, x + y, low)
//     x + (1 - kept) low                 becomes   Where(kept, x, low)          kept is integers or booleans, which may be moved after their cast
//
// Where low is -10^9 or less, x + low is low within float rounding. Where it is nearer to -10^4, a Softmax gives nothing to either.

import { makeAttribute } from '../../attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { opsetOf } from '../../model.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import { HIGHEST_MASKED, moves, scoresOf } from '../../scores.js'
import { elementCount, floatValues, makeTensor, tensorDims } from '../../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { factsOf } from '../facts.js'
import { floatConstant } from '../folding/linear.js'
import { changed, type Pass } from '../pass.js'

/** Where takes floats from this opset on. */
const FIRST_OPSET = 9

export const chooseMasked: Pass = {
  title: 'additions of masks made choices',
  async apply(proto: ModelProto) {
    const { graph } = proto
    if (opsetOf(proto) < FIRST_OPSET) return { proto, count: 0 }
    const index = indexGraph(graph)
    const unique = nameSource(graph)
    const masks = new Masks(index, unique, await integersOf(proto, index))
    let count = 0
    const node = graph.node.flatMap((sum) => {
      const chosen = masks.chosen(sum)
      if (chosen) count++
      return chosen ?? [sum]
    })
    return changed(proto, { node, initializer: [...graph.initializer, ...masks.tensors] }, count)
  },
}

/** Which tensors hold integers or booleans. Looks only where a model has what may be a computed mask. */
async function integersOf(proto: ModelProto, index: GraphIndex): Promise<(name: string) => boolean> {
  if (!proto.graph.node.some((node) => factorOf(node, index))) return () => false
  const facts = await factsOf(proto)
  const types: ReadonlySet<number | undefined> = new Set([DataType.BOOL, DataType.INT32, DataType.INT64])
  return (name) => types.has(facts.get(name)?.dataType)
}

/** A mask: `rest`, or zero where that is left out, where `condition` says so, and elsewhere `low`. */
interface Mask {
  readonly condition: string
  readonly low: string
  readonly rest: string | undefined
  /** Whether the condition says where `low` is, not where it is not. */
  readonly inverted: boolean
  /** The nodes that compute the condition. */
  readonly nodes: readonly NodeProto[]
}

/** Mutable state of one run of the pass. */
class Masks {
  readonly tensors: TensorProto[] = []
  readonly #index: GraphIndex
  readonly #unique: (wish: string) => string
  readonly #isInteger: (name: string) => boolean
  readonly #isScore: (name: string) => boolean
  readonly #known = new Map<string, Mask | undefined>()
  /** Conditions that the graph computes already. */
  readonly #computed = new Set<NodeProto>()

  constructor(index: GraphIndex, unique: (wish: string) => string, isInteger: (name: string) => boolean) {
    this.#index = index
    this.#unique = unique
    this.#isInteger = isInteger
    this.#isScore = scoresOf(index)
  }

  /** What takes the place of a node that adds a mask. */
  chosen(sum: NodeProto): NodeProto[] | undefined {
    if (sum.opType !== 'Add' || !isStandardDomain(sum.domain)) return undefined
    const [left = '', right = ''] = sum.input
    if (left === right || !this.#isScore(sum.output[0]!)) return undefined
    const second = this.#mask(right)
    const mask = second ?? this.#mask(left)
    if (mask === undefined) return undefined
    const x = second ? left : right
    const [y = ''] = sum.output
    const kept = mask.rest === undefined ? x : this.#unique(`${y}_kept`)
    const rest = mask.rest === undefined ? [] : [{ ...sum, input: [x, mask.rest], output: [kept] }]
    const parts = mask.inverted ? [mask.low, kept] : [kept, mask.low]
    const computed = mask.nodes.filter((node) => !this.#computed.has(node))
    for (const node of computed) this.#computed.add(node)
    const name = mask.rest === undefined ? sum.name : this.#unique(`${sum.name || y}_masked`)
    return [...computed, ...rest, makeNode('Where', [mask.condition, ...parts], [y], [], name)]
  }

  #mask(name: string): Mask | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#find(name))
    return this.#known.get(name)
  }

  #find(name: string): Mask | undefined {
    const constant = floatConstant(name, this.#index)
    if (constant) return this.#constantMask(constant)
    const node = this.#index.producer(name)
    if (!node || !isStandardDomain(node.domain)) return undefined
    if (node.opType === 'Where') return this.#chosenMask(node)
    return moves.has(node.opType) ? this.#movedMask(node) : this.#factorMask(node)
  }

  #constantMask(tensor: TensorProto): Mask | undefined {
    const values = floatValues(tensor)
    const kept = Uint8Array.from(values, (value) => Number(value > HIGHEST_MASKED))
    if (!kept.includes(0) || !kept.includes(1)) return undefined
    const where = (taken: number) => values.map((value, i) => (kept[i] === taken ? value : 0))
    const add = (wish: string, type: number, data: Uint8Array | Float32Array) =>
      this.#add(makeTensor(this.#unique(`${tensor.name}_${wish}`), type, tensorDims(tensor), data))
    const condition = add('kept', DataType.BOOL, kept)
    if (where(1).every((value) => value === 0)) {
      return { condition, low: tensor.name, rest: undefined, inverted: false, nodes: [] }
    }
    // What the choice never takes is zero, so that no scale makes room for it.
    const [rest, low] = [add('rest', DataType.FLOAT, where(1)), add('low', DataType.FLOAT, where(0))]
    return { condition, low, rest, inverted: false, nodes: [] }
  }

  #chosenMask({ input }: NodeProto): Mask | undefined {
    const [condition = '', yes = '', no = ''] = input
    const [yesIsLow, noIsLow] = [yes, no].map((name) => isLow(floatConstant(name, this.#index)))
    if (yesIsLow === noIsLow) return undefined
    const [low, other] = yesIsLow ? [yes, no] : [no, yes]
    const constant = floatConstant(other, this.#index)
    const isZero = constant !== undefined && isScalar(constant) && floatValues(constant)[0] === 0
    return { condition, low, rest: isZero ? undefined : other, inverted: yesIsLow === true, nodes: [] }
  }

  #movedMask(move: NodeProto): Mask | undefined {
    const [from = '', ...how] = move.input
    const mask = this.#mask(from)
    const low = mask && floatConstant(mask.low, this.#index)
    if (!mask || mask.rest !== undefined || !low || !isScalar(low)) return undefined
    const condition = this.#unique(`${move.output[0]}_condition`)
    const moved = { ...move, name: condition, input: [mask.condition, ...how], output: [condition] }
    return { ...mask, low: this.#lowest(floatValues(low)[0]!), condition, nodes: [...mask.nodes, moved] }
  }

  #factorMask(product: NodeProto): Mask | undefined {
    const factor = factorOf(product, this.#index)
    if (!factor || !this.#isInteger(factor.kept)) return undefined
    const nodes: NodeProto[] = []
    const add = (node: NodeProto) => {
      const condition = this.#unique(`${product.output[0]}_condition`)
      nodes.push({ ...node, name: condition, output: [condition] })
      return condition
    }
    const cast = add(makeNode('Cast', [factor.kept], [], [makeAttribute('to', DataType.BOOL)]))
    const condition = factor.moves.reduce((from, move) => add({ ...move, input: [from, ...move.input.slice(1)] }), cast)
    return { condition, low: this.#lowest(factor.low), rest: undefined, inverted: false, nodes }
  }

  /** A scalar: whatever has more dims could give the choice more than the sum had. */
  #lowest(value: number): string {
    return this.#add(makeTensor(this.#unique('masked'), DataType.FLOAT, [], Float32Array.of(value)))
  }

  #add(tensor: TensorProto): string {
    this.tensors.push(tensor)
    return tensor.name
  }
}

/** Whether it adds no dims of its own to what it is broadcast with. */
function isScalar(tensor: TensorProto): boolean {
  return elementCount(tensorDims(tensor)) === 1 && tensorDims(tensor).length <= 1
}

function isLow(tensor: TensorProto | undefined): boolean {
  return tensor !== undefined && floatValues(tensor).every((value) => value <= HIGHEST_MASKED)
}

interface Factor {
  readonly kept: string
  /** What lies between the cast and the difference. */
  readonly moves: readonly NodeProto[]
  readonly low: number
}

/** Of (1 - Cast(kept)) low. */
function factorOf(product: NodeProto, index: GraphIndex): Factor | undefined {
  if (product.opType !== 'Mul') return undefined
  const low = product.input.map((name) => scalarOf(name, index)).find((value) => value !== undefined)
  if (low === undefined || low > HIGHEST_MASKED) return undefined
  const difference = product.input.map((name) => index.producer(name)).find((node) => node?.opType === 'Sub')
  if (difference === undefined || scalarOf(difference.input[0]!, index) !== 1) return undefined
  const between: NodeProto[] = []
  let source = index.producer(difference.input[1]!)
  while (source !== undefined && moves.has(source.opType)) {
    between.unshift(source)
    source = index.producer(source.input[0]!)
  }
  return source?.opType === 'Cast' ? { kept: source.input[0]!, moves: between, low } : undefined
}

function scalarOf(name: string, index: GraphIndex): number | undefined {
  const tensor = floatConstant(name, index)
  return tensor && elementCount(tensorDims(tensor)) === 1 ? floatValues(tensor)[0] : undefined
}
