// The activations of recurrent layers as nodes.
// Source: onnx/docs/Operators.md, LSTM; their parameters by default: onnxruntime/core/providers/cpu/rnn/rnn_activation_functors.

import { floatsAttribute, makeAttribute, stringsAttribute } from '../../attribute.js'
import type { NodeProto } from '../../types.js'
import type { Steps } from './steps.js'

export interface Activation {
  readonly name: string
  readonly alpha: number
  readonly beta: number
}

/** What an activation takes of alpha and beta, with what it is by default; 'given': a node must say it. */
type Parameter = number | 'given'

const known: Readonly<Record<string, readonly Parameter[]>> = {
  Affine: ['given', 'given'],
  Elu: [1],
  HardSigmoid: [0.2, 0.5],
  LeakyRelu: [0.01],
  Relu: [],
  ScaledTanh: ['given', 'given'],
  Sigmoid: [],
  Softplus: [],
  Softsign: [],
  Tanh: [],
  ThresholdedRelu: ['given'],
}

const byDefault: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
  RNN: ['Tanh'],
}

/** The activations of a node, `count` of them in the order of its directions; or what is wrong with them. */
export function activationsOf(node: NodeProto, count: number): Activation[] | string {
  const own = byDefault[node.opType] ?? []
  const asked = stringsAttribute(node, 'activations', [])
  // An activation that takes a parameter takes the next of the list.
  const lists = ['activation_alpha', 'activation_beta'].map((name) => [
    ...(floatsAttribute(node, name, undefined) ?? []),
  ])
  const activations: Activation[] = []
  for (let at = 0; at < count; at++) {
    const wanted = asked[at] ?? own[at % own.length] ?? ''
    const name = Object.keys(known).find((one) => one.toLowerCase() === wanted.toLowerCase())
    if (name === undefined) return `its activation ${wanted} is not known`
    const parameters = known[name]!.map((one, i) => lists[i]!.shift() ?? one)
    const [alpha = 0, beta = 0] = parameters
    if (alpha === 'given' || beta === 'given') return `its activation ${name} lacks a parameter`
    activations.push({ name, alpha, beta })
  }
  return activations
}

/** An activation of a tensor, which is clipped before where `clip` is given. */
export function activate(to: Steps, wish: string, { name, alpha, beta }: Activation, x: string, clip?: number): string {
  const clipped = clip === undefined ? x : to.clip(`${wish}_clipped`, x, clip)
  switch (name) {
    case 'Affine': {
      const scaled = to.add('Mul', `${wish}_scaled`, [clipped, to.scalar(alpha)])
      return to.add('Add', wish, [scaled, to.scalar(beta)])
    }
    case 'ScaledTanh': {
      const scaled = to.add('Mul', `${wish}_scaled`, [clipped, to.scalar(beta)])
      return to.add('Mul', wish, [to.add('Tanh', `${wish}_tanh`, [scaled]), to.scalar(alpha)])
    }
    default: {
      const parameters = [makeAttribute('alpha', { float: alpha }), makeAttribute('beta', { float: beta })]
      return to.add(name, wish, [clipped], parameters.slice(0, known[name]!.length))
    }
  }
}
