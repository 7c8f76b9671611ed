// One step of each cell, as nodes. A step shows the tensors that calibration observes: all but those that only hold parts of others.
//
// i, o, f, g: input, output and forget gate and the candidate; z, r, n: update and reset gate and the candidate.
// Source of the formulas: onnx/docs/Operators.md.

import { transposed } from '../../elements/transposed.js'
import { activate } from './activations.js'
import type { CellType, Direction, RecurrentLayer } from './layer.js'
import type { Steps } from './steps.js'

export interface Cell {
  /** The sequences that go into the steps, products with the input: of which gates each is, by its name. */
  readonly sequences: Readonly<Record<string, readonly number[]>>
  readonly states: readonly string[]
  /** Adds the nodes of a step: from the sequences' elements and the states to the next states. */
  step(to: Steps, sequences: readonly string[], states: readonly string[], layer: RecurrentLayer, of: Direction): Step
}

export interface Step {
  readonly states: readonly string[]
  /** Tensors besides the states, by what the sequences of their values are called. */
  readonly shown: ReadonlyMap<string, string>
}

/** The weights of some gates, [gates * hidden, depth] as nodes have them, as a matrix [depth, some * hidden]. */
export function matrixOf(weights: Float32Array, gates: readonly number[], hidden: number, depth: number): Float32Array {
  const rows = rowsOf(weights, gates, hidden * depth)
  return transposed(rows, gates.length * hidden, depth, new Float32Array(rows.length))
}

/** The values of some gates, `size` of each, one gate after another. */
export function rowsOf(values: Float32Array, gates: readonly number[], size: number): Float32Array {
  const rows = new Float32Array(gates.length * size)
  for (const [i, gate] of gates.entries()) rows.set(values.subarray(gate * size, (gate + 1) * size), i * size)
  return rows
}

/** The state times the weights of some gates. */
function product(
  to: Steps,
  wish: string,
  h: string,
  gates: readonly number[],
  { hidden }: RecurrentLayer,
  of: Direction,
) {
  const weights = matrixOf(of.stateWeights, gates, hidden, hidden)
  return to.add('MatMul', wish, [h, to.constant(`${wish}_weights`, [hidden, gates.length * hidden], weights)])
}

/** Collects what a step shows, under the name that it wishes for. */
function showing() {
  const shown = new Map<string, string>()
  const show = (wish: string, name: string) => {
    shown.set(wish, name)
    return name
  }
  return { shown, show }
}

const lstm: Cell = {
  sequences: { x: [0, 1, 2, 3] },
  states: ['h', 'c'],
  step(to, [x], [h, c], layer, of) {
    const { hidden, clip, inputForget } = layer
    const [sigmoid, candidate, output] = of.activations
    const { shown, show } = showing()
    /** A gate's argument with what a peephole sees of the cell. */
    const peeping = (wish: string, x: string, cell: string, gate: number) => {
      if (of.peepholes === undefined) return x
      const weights = to.constant(`${wish}_peephole`, [hidden], rowsOf(of.peepholes, [gate], hidden))
      const seen = show(`${wish}_seen`, to.add('Mul', `${wish}_seen`, [cell, weights]))
      return show(`${wish}_sum`, to.add('Add', `${wish}_sum`, [x, seen]))
    }
    const products = show('hr', product(to, 'hr', h!, [0, 1, 2, 3], layer, of))
    const gates = show('gates', to.add('Add', 'gates', [x!, products]))
    const [xi, xo, xf, xg] = to.split(gates, [hidden, hidden, hidden, hidden], ['xi', 'xo', 'xf', 'xg'])
    const i = show('i', activate(to, 'i', sigmoid!, peeping('i', xi!, c!, 0), clip))
    const forget = () =>
      inputForget ? to.add('Sub', 'f', [to.scalar(1), i]) : activate(to, 'f', sigmoid!, peeping('f', xf!, c!, 2), clip)
    const f = show('f', forget())
    const g = show('g', activate(to, 'g', candidate!, xg!, clip))
    const kept = show('fc', to.add('Mul', 'fc', [f, c!]))
    const cell = to.add('Add', 'c', [kept, show('ig', to.add('Mul', 'ig', [i, g]))])
    const o = show('o', activate(to, 'o', sigmoid!, peeping('o', xo!, cell, 1), clip))
    const state = to.add('Mul', 'h', [o, show('a', activate(to, 'a', output!, cell))])
    return { states: [state, cell], shown }
  },
}

const gru: Cell = {
  sequences: { x: [0, 1], xn: [2] },
  states: ['h'],
  step(to, [x, xn], [h], layer, of) {
    const { hidden, clip, linearBeforeReset } = layer
    const [sigmoid, candidate] = of.activations
    const { shown, show } = showing()
    /** z and r. */
    const gatesOf = (products: string) => {
      const sum = show('gates', to.add('Add', 'gates', [x!, products]))
      const [xz, xr] = to.split(sum, [hidden, hidden], ['xz', 'xr'])
      const gate = (wish: string, argument: string) => show(wish, activate(to, wish, sigmoid!, argument, clip))
      return [gate('z', xz!), gate('r', xr!)] as const
    }
    /** z, and the state's part of the candidate's argument. */
    const resetProducts = () => {
      const bias = new Float32Array(3 * hidden)
      bias.set(rowsOf(of.stateBias, [2], hidden), 2 * hidden)
      const all = product(to, 'hr_product', h!, [0, 1, 2], layer, of)
      const products = show('hr', to.add('Add', 'hr', [all, to.constant('hr_bias', [3 * hidden], bias)]))
      const [hzr, hn] = to.split(products, [2 * hidden, hidden], ['hzr', 'hn'])
      const [z, r] = gatesOf(hzr!)
      return [z, show('rn', to.add('Mul', 'rn', [r, hn!]))] as const
    }
    const productsOfReset = () => {
      const [z, r] = gatesOf(show('hr', product(to, 'hr', h!, [0, 1], layer, of)))
      const reset = show('rh', to.add('Mul', 'rh', [r, h!]))
      return [z, show('rn', product(to, 'rn', reset, [2], layer, of))] as const
    }
    const [z, rn] = linearBeforeReset ? resetProducts() : productsOfReset()
    const sum = show('nx', to.add('Add', 'nx', [xn!, rn]))
    const n = show('n', activate(to, 'n', candidate!, sum, clip))
    // n + z (h - n) = (1 - z) n + z h
    const difference = show('d', to.add('Sub', 'd', [h!, n]))
    const kept = show('zd', to.add('Mul', 'zd', [z, difference]))
    return { states: [to.add('Add', 'h', [n, kept])], shown }
  },
}

const rnn: Cell = {
  sequences: { x: [0] },
  states: ['h'],
  step(to, [x], [h], layer, of) {
    const { shown, show } = showing()
    const products = show('hr', product(to, 'hr', h!, [0], layer, of))
    const sum = show('hx', to.add('Add', 'hx', [x!, products]))
    return { states: [activate(to, 'h', of.activations[0]!, sum, layer.clip)], shown }
  },
}

export const cells: Readonly<Record<CellType, Cell>> = { LSTM: lstm, GRU: gru, RNN: rnn }
