// Scaled dot-product attention in primitive operators:
//
//     Softmax(scale Q K' + biases, where it may look) V

import { makeAttribute } from '../../attribute.js'
import { DataType } from '../../types.js'
import type { NodeWriter } from '../lowering.js'
import { type Heads, repeated } from './heads.js'

/** Before a Softmax it leaves nothing of a score. */
const MASKED = -1e9

export interface Attention {
  readonly query: Heads
  /** As many heads as the query has, or a divisor of that. */
  readonly key: Heads
  readonly value: Heads
  readonly scale: number
  /** Scores become cap * tanh(score / cap); 0: they stay. */
  readonly cap: number
  /** Each is added to the scores, [batch, heads, length of the query, length of the keys]. */
  readonly biases: readonly string[]
  /** Conditions that broadcast with the scores: where one of them does not hold, nothing is seen. */
  readonly seen: readonly string[]
}

/** The heads of the result. */
export function attend(writer: NodeWriter, { query, key, value, scale, cap, biases, seen }: Attention): string {
  const times = query.count / key.count
  const columns = writer.transpose(repeated(writer, key, times), [0, 1, 3, 2])
  const products = writer.add('MatMul', [query.name, columns])
  const scores = capped(writer, scale === 1 ? products : writer.add('Mul', [products, scalar(writer, scale)]), cap)
  const biased = biases.reduce((sum, bias) => writer.add('Add', [sum, bias]), scores)
  const weights = writer.add('Softmax', [masked(writer, biased, seen)], [makeAttribute('axis', -1)])
  return writer.add('MatMul', [weights, repeated(writer, value, times)])
}

function capped(writer: NodeWriter, scores: string, cap: number): string {
  if (cap === 0) return scores
  const inside = writer.add('Tanh', [writer.add('Div', [scores, scalar(writer, cap)])])
  return writer.add('Mul', [inside, scalar(writer, cap)])
}

function masked(writer: NodeWriter, scores: string, [first, ...more]: readonly string[]): string {
  if (first === undefined) return scores
  const seen = more.reduce((both, one) => writer.add('And', [both, one]), first)
  return writer.add('Where', [seen, scores, scalar(writer, MASKED)])
}

/**
 * Each row sees what is not behind it. The last row is the last place: what a cache holds lies before the first.
 * @param window how many places a row sees, its own among them
 */
export function causal(writer: NodeWriter, query: Heads, key: Heads, window = Infinity): string {
  const [rows, columns] = [query.length, key.length]
  if (rows !== undefined && columns !== undefined) {
    const behind = (at: number) => Math.floor(at / columns) + columns - rows - (at % columns)
    return writer.booleans(
      [rows, columns],
      Array.from({ length: rows * columns }, (_, at) => behind(at) >= 0 && behind(at) < window),
    )
  }
  const [length, reach] = [lengthOf(writer, query), lengthOf(writer, key)]
  const range = writer.add('Range', [writer.add('Sub', [reach, length]), reach, writer.integers([1], [])])
  const own = writer.reshape(range, [-1, 1])
  const places = placesUpTo(writer, reach)
  const seen = writer.add('Not', [writer.add('Less', [own, places])])
  if (window === Infinity) return seen
  const near = writer.add('Less', [writer.add('Sub', [own, writer.integers([window], [])]), places])
  return writer.add('And', [seen, near])
}

/** Of each sample of the batch, so many of the first keys are there. */
export function among(writer: NodeWriter, lengths: string, key: Heads): string {
  const count = writer.add('Cast', [lengths], [makeAttribute('to', DataType.INT64)])
  return writer.add('Less', [placesUpTo(writer, lengthOf(writer, key)), writer.reshape(count, [-1, 1, 1, 1])])
}

/** A scalar. */
export function lengthOf(writer: NodeWriter, { name, length }: Pick<Heads, 'name'> & Partial<Heads>): string {
  if (length !== undefined) return writer.integers([length], [])
  return writer.gather(writer.add('Shape', [name]), [2], [], 0)
}

export function placesUpTo(writer: NodeWriter, end: string): string {
  return writer.add('Range', [writer.integers([0], []), end, writer.integers([1], [])])
}

function scalar(writer: NodeWriter, value: number): string {
  return writer.floats([], Float32Array.of(value))
}
