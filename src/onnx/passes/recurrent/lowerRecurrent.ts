// LSTM, GRU and RNN become products with the input, over the whole sequence at once, and a Scan over the steps, one a direction, whose body is
// made of simpler operators:
//
//     X -> MatMul W -> Add b -> Scan (h, c) { MatMul R, Add, Sigmoid, Tanh, Mul... } -> h of every step, the last h and c
//
// The Scan shows what its steps compute as sequences too, so that calibration can observe it.

import { makeAttribute } from '../../attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { opsetOf } from '../../model.js'
import { withUniqueNames } from '../../names/nodeNames.js'
import { makeGraph, makeNode, makeValueInfo } from '../../node.js'
import { floatValues, tensorDims } from '../../tensor.js'
import { DataType, type GraphProto, type ModelProto, type TensorProto } from '../../types.js'
import { factsIfOpened } from '../facts.js'
import { changed, type Pass } from '../pass.js'
import { cells, matrixOf, rowsOf } from './cells.js'
import { type Direction, isRecurrent, type RecurrentLayer, recurrentLayer } from './layer.js'
import { Steps } from './steps.js'

/** Scan has its present form since then. */
const SCAN_OPSET = 9
/** Lengths are compared with a Range of the steps. */
const RANGE_OPSET = 11

export const lowerRecurrent: Pass = {
  title: 'LSTM, GRU and RNN made steps of simpler operators',
  async apply(proto: ModelProto) {
    const { graph } = proto
    const opset = opsetOf(proto)
    if (opset < SCAN_OPSET || !graph.node.some(isRecurrent)) return { proto, count: 0 }
    const index = indexGraph(graph)
    const facts = await factsIfOpened(proto)
    const unique = nameSource(graph)
    const initializer: TensorProto[] = [...graph.initializer]
    let count = 0
    const node = graph.node.flatMap((one) => {
      const layer = isRecurrent(one) ? recurrentLayer(one, index, facts.get(one.input[0]!)?.dims ?? []) : ''
      if (typeof layer === 'string' || (layer.lengths !== undefined && opset < RANGE_OPSET)) return [one]
      count++
      const to = new Writer(layer, index, opset, unique)
      to.write()
      initializer.push(...to.tensors)
      return to.nodes
    })
    return changed(proto, withUniqueNames({ ...graph, node, initializer }).graph, count)
  },
}

/** What a direction gives: the sequence of h, and the last of every state. */
interface Results {
  readonly sequence: string
  readonly last: readonly string[]
}

class Writer extends Steps {
  readonly #layer: RecurrentLayer
  readonly #index: GraphIndex
  readonly #unique: (wish: string) => string
  readonly #name: string

  constructor(layer: RecurrentLayer, index: GraphIndex, opset: number, unique: (wish: string) => string) {
    const { node } = layer
    const name = node.name || node.output.find((output) => output !== '') || node.opType
    super(name, opset, unique)
    this.#name = name
    this.#layer = layer
    this.#index = index
    this.#unique = unique
  }

  write(): void {
    const { node, batchFirst, directions, lengths } = this.#layer
    const x = batchFirst
      ? this.add('Transpose', 'steps_first', [node.input[0]!], [makeAttribute('perm', [1, 0, 2])])
      : node.input[0]!
    const mask = lengths === undefined ? undefined : this.#mask(x, lengths)
    const results = directions.map((_, at) => this.#direction(x, mask, at))
    const [y = '', ...last] = node.output
    if (y !== '') this.#joinSequences(results, y)
    for (const [state, output] of last.entries()) {
      const ends = results.map((one) => one.last[state]!)
      if (output !== '') this.#join(`last_${cells[this.#layer.type].states[state]}`, ends, batchFirst ? 1 : 0, output)
    }
  }

  /** From [steps, batch, hidden] of each direction to [steps, directions, batch, hidden], or [batch, steps, directions, hidden]. */
  #joinSequences(results: readonly Results[], output: string): void {
    const { batchFirst } = this.#layer
    const sequences = results.map(({ sequence }) => sequence)
    if (!batchFirst) this.#join('y', sequences, 1, output)
    else {
      const joined = this.#join('y', sequences, 1, this.name('y'))
      this.add('Transpose', 'batch_first', [joined], [makeAttribute('perm', [2, 0, 1, 3])], output)
    }
  }

  /** Stacks tensors along a new axis. */
  #join(wish: string, parts: readonly string[], axis: number, output: string): string {
    if (parts.length === 1) return this.unsqueeze(wish, parts[0]!, axis, output)
    const stacked = parts.map((part) => this.unsqueeze(wish, part, axis))
    return this.add('Concat', wish, stacked, [makeAttribute('axis', axis)], output)
  }

  /** Which steps belong to each sequence: booleans of dims [steps, batch, 1]. */
  #mask(x: string, lengths: string): string {
    const zero = this.integers('first_step', [0], [])
    const count = this.add('Gather', 'num_steps', [this.add('Shape', 'x_shape', [x]), zero])
    const steps = this.add('Range', 'steps', [zero, count, this.integers('one_step', [1], [])])
    const column = this.add('Reshape', 'step', [steps, this.integers('step_dims', [-1, 1, 1])])
    const whole = this.add('Cast', 'whole_lengths', [lengths], [makeAttribute('to', DataType.INT64)])
    const row = this.add('Reshape', 'length', [whole, this.integers('length_dims', [1, -1, 1])])
    return this.add('Less', 'is_within', [column, row])
  }

  #direction(x: string, mask: string | undefined, at: number): Results {
    const { type, directions } = this.#layer
    const direction = directions[at]!
    const prefix = directions.length === 1 ? this.#name : `${this.#name}_${direction.reverse ? 'reverse' : 'forward'}`
    const around = new Steps(prefix, this.opset, this.#unique)
    const cell = cells[type]
    const sequences = Object.entries(cell.sequences).map(([wish, gates]) =>
      this.#products(around, wish, x, gates, direction),
    )
    const states = cell.states.map((_, state) => this.#initial(around, x, state, at))
    const results = this.#scan(around, prefix, mask === undefined ? sequences : [...sequences, mask], states, direction)
    this.nodes.push(...around.nodes)
    this.tensors.push(...around.tensors)
    return results
  }

  /** Products of the input with some gates' weights, and the biases that go with them. */
  #products(to: Steps, wish: string, x: string, gates: readonly number[], of: Direction): string {
    const { type, hidden, inputs, linearBeforeReset } = this.#layer
    const width = gates.length * hidden
    const weights = to.constant(`${wish}_weights`, [inputs, width], matrixOf(of.inputWeights, gates, hidden, inputs))
    const bias = rowsOf(of.inputBias, gates, hidden)
    // The reset gate of a GRU may apply to the state's products, bias included: the bias stays with them.
    const withinSteps = type === 'GRU' && linearBeforeReset && gates[0] === 2
    if (!withinSteps) for (const [i, value] of rowsOf(of.stateBias, gates, hidden).entries()) bias[i]! += value
    const product = to.add('MatMul', wish, [x, weights])
    return to.add('Add', `${wish}_biased`, [product, to.constant(`${wish}_bias`, [width], bias)])
  }

  /** A state of one direction before the first step: [batch, hidden]. */
  #initial(to: Steps, x: string, state: number, at: number): string {
    const { batch, batchFirst, hidden, initial } = this.#layer
    const wish = `initial_${cells[this.#layer.type].states[state]}`
    const name = initial[state]
    if (name === undefined && batch !== undefined) {
      return to.constant(wish, [batch, hidden], new Float32Array(batch * hidden))
    }
    if (name === undefined) return this.#zeros(to, wish, x)
    const constant = this.#index.initializer(name)
    if (constant !== undefined && !batchFirst) {
      const [, size] = tensorDims(constant) as [number, number]
      const values = floatValues(constant).slice(at * size * hidden, (at + 1) * size * hidden)
      return to.constant(wish, [size, hidden], values)
    }
    return to.add(
      'Gather',
      wish,
      [name, to.integers('direction', [at], [])],
      [makeAttribute('axis', batchFirst ? 1 : 0)],
    )
  }

  /** Zeros for the batch that the input turns out to have. */
  #zeros(to: Steps, wish: string, x: string): string {
    const { hidden } = this.#layer
    const batch = to.add('Gather', 'batch', [to.add('Shape', 'shape', [x]), to.integers('axis', [1])])
    const shape = to.add('Concat', 'state_shape', [batch, to.integers('hidden', [hidden])], [makeAttribute('axis', 0)])
    return to.add('Expand', wish, [to.constant('zero', [1, hidden], new Float32Array(hidden)), shape])
  }

  #scan(
    to: Steps,
    prefix: string,
    sequences: readonly string[],
    states: readonly string[],
    direction: Direction,
  ): Results {
    const cell = cells[this.#layer.type]
    const { body, shown } = this.#body(prefix, direction)
    const last = cell.states.map((state) => to.name(`last_${state}`))
    const outputs = shown.map((wish) => to.name(wish))
    const along = (name: string, count: number) =>
      direction.reverse ? [makeAttribute(name, Array<number>(count).fill(1))] : []
    const attributes = [
      makeAttribute('num_scan_inputs', sequences.length),
      makeAttribute('body', body),
      ...along('scan_input_directions', sequences.length),
      ...along('scan_output_directions', outputs.length),
    ]
    to.nodes.push(makeNode('Scan', [...states, ...sequences], [...last, ...outputs], attributes, prefix))
    return { sequence: outputs[0]!, last }
  }

  /** The steps as a graph, and what its sequences are called, the outputs' first. */
  #body(prefix: string, of: Direction): { body: GraphProto; shown: readonly string[] } {
    const to = new Steps(prefix, this.opset, this.#unique, '_step')
    const cell = cells[this.#layer.type]
    const elements = Object.keys(cell.sequences).map((wish) => to.name(wish))
    const before = cell.states.map((state) => to.name(`${state}_before`))
    const next = cell.step(to, elements, before, this.#layer, of)
    const mask = this.#layer.lengths === undefined ? undefined : to.name('is_within')
    const { states, given } =
      mask === undefined ? this.#copied(to, next.states) : masked(to, cell.states, next.states, before, mask)
    // The runtime asks for the ranks of what steps give, also where it cannot infer them.
    const info = (name: string) => makeValueInfo(name, DataType.FLOAT, ['', ''])
    const masks = mask === undefined ? [] : [makeValueInfo(mask, DataType.BOOL)]
    const body = makeGraph({
      name: prefix,
      nodes: to.nodes,
      inputs: [...[...before, ...elements].map(info), ...masks],
      outputs: [...states, ...given.values(), ...next.shown.values()].map(info),
      initializers: to.tensors,
    })
    return { body, shown: [...given.keys(), ...next.shown.keys()] }
  }

  /** The states, and copies of them that are shown: a tensor is an output of a graph once. */
  #copied(to: Steps, states: readonly string[]): AfterStep {
    const { type } = this.#layer
    const given = states.map((name, i) => {
      const wish = cells[type].states[i]!
      return [wish, to.add('Identity', `${wish}_shown`, [name])] as const
    })
    return { states, given: new Map(given) }
  }
}

interface AfterStep {
  readonly states: readonly string[]
  /** What is shown besides the step's own tensors, by what its sequence is called; h, or what stands for it, first. */
  readonly given: ReadonlyMap<string, string>
}

/** Behind a sequence's end its states stay as they are, and its output is zero. */
function masked(
  to: Steps,
  names: readonly string[],
  next: readonly string[],
  before: readonly string[],
  mask: string,
): AfterStep {
  const output = to.add('Where', 'y', [mask, next[0]!, to.scalar(0)])
  const states = next.map((name, i) => to.add('Where', `${names[i]}_kept`, [mask, name, before[i]!]))
  return { states, given: new Map([['y', output], ...next.map((name, i) => [names[i]!, name] as const)]) }
}
