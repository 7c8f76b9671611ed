// Models of one recurrent layer, of every form that ONNX has.

import fc from 'fast-check'
import { type AttributeValue, makeAttribute } from '../../src/onnx/attribute.js'
import { makeValueInfo } from '../../src/onnx/node.js'
import { elementCount, makeTensor } from '../../src/onnx/tensor.js'
import { DataType, type ModelProto, type TensorProto, type TensorValue } from '../../src/onnx/types.js'
import { feedsFor, model, node } from './models.js'

export interface RecurrentForm {
  readonly type: 'LSTM' | 'GRU' | 'RNN'
  readonly direction: 'forward' | 'reverse' | 'bidirectional'
  readonly steps: number
  readonly batch: number
  readonly inputs: number
  readonly hidden: number
  readonly bias: boolean
  /** How the first states are given. */
  readonly initial: 'none' | 'constant' | 'fed'
  /** Whether an input tells where each sequence ends. */
  readonly lengths: boolean
  readonly peepholes: boolean
  readonly linearBeforeReset: boolean
  readonly inputForget: boolean
  readonly clip: number
  readonly activations: readonly string[]
  /** Whether steps and batch are open dims. */
  readonly open: boolean
  readonly opset: number
  readonly seed: number
}

const gates = { LSTM: 4, GRU: 3, RNN: 1 }

/** Inputs x and, where they are fed, h0 and c0; outputs y, yh and, of an LSTM, yc. */
export function recurrentModel(form: RecurrentForm): ModelProto {
  const { type, direction, steps, batch, inputs, hidden, initial } = form
  const directions = direction === 'bidirectional' ? 2 : 1
  const rows = gates[type] * hidden
  const states = type === 'LSTM' ? ['h0', 'c0'] : ['h0']
  const stateDims = [directions, batch, hidden]
  const constants: TensorProto[] = [
    random('w', [directions, rows, inputs], form.seed),
    random('r', [directions, rows, hidden], form.seed + 1),
    ...(form.bias ? [random('b', [directions, 2 * rows], form.seed + 2)] : []),
    ...(form.peepholes ? [random('p', [directions, 3 * hidden], form.seed + 3)] : []),
    ...(initial === 'constant' ? states.map((name, i) => random(name, stateDims, form.seed + 4 + i, 0.5)) : []),
  ]
  const given = initial === 'none' ? states.map(() => '') : states
  const read = [
    'x',
    'w',
    'r',
    form.bias ? 'b' : '',
    form.lengths ? 'lengths' : '',
    ...given,
    ...(form.peepholes ? ['p'] : []),
  ]
  const outputs = ['y', 'yh', ...(type === 'LSTM' ? ['yc'] : [])]
  const dims = { x: [form.open ? 'steps' : steps, form.open ? 'batch' : batch, inputs] }
  const fed = initial === 'fed' ? Object.fromEntries(states.map((name) => [name, stateDims])) : {}
  const proto = model({
    nodes: [node(type, trimmed(read), outputs, attributesOf(form), 'layer')],
    constants,
    inputs: { ...dims, ...fed },
    outputs,
    opset: form.opset,
  })
  if (form.lengths) proto.graph.input.push(makeValueInfo('lengths', DataType.INT32, [form.open ? 'batch' : batch]))
  return proto
}

/** Values for every input of such a model: floats as elsewhere, and sequences of one step to all. */
export function recurrentFeeds(form: RecurrentForm, proto: ModelProto): Record<string, TensorValue> {
  const { x, ...states } = feedsFor(proto)
  const [steps, batch] = x!.dims as [number, number]
  const ends = Int32Array.from({ length: batch }, (_, i) => 1 + ((form.seed + i * 2) % steps))
  const lengths: TensorValue = { type: 'int32', dims: [batch], data: ends }
  return { x: x!, ...states, ...(form.lengths && { lengths }) }
}

function attributesOf(form: RecurrentForm) {
  const values: Record<string, AttributeValue> = {
    hidden_size: form.hidden,
    direction: form.direction,
    ...(form.linearBeforeReset && { linear_before_reset: 1 }),
    ...(form.inputForget && { input_forget: 1 }),
    ...(form.clip > 0 && { clip: { float: form.clip } }),
    ...(form.activations.length > 0 && {
      activations: { strings: form.activations },
      activation_alpha: { floats: form.activations.flatMap((name) => parameters[name]?.[0] ?? []) },
      activation_beta: { floats: form.activations.flatMap((name) => parameters[name]?.[1] ?? []) },
    }),
  }
  return Object.entries(values).map(([name, value]) => makeAttribute(name, value))
}

function trimmed(names: readonly string[]): string[] {
  const last = names.findLastIndex((name) => name !== '')
  return names.slice(0, last + 1)
}

/** Weights as layers have them: a standard deviation of about 1 / sqrt(depth). */
function random(
  name: string,
  dims: readonly number[],
  seed: number,
  spread = Math.sqrt(3 / dims.at(-1)!),
): TensorProto {
  const data = Float32Array.from({ length: elementCount(dims) }, (_, i) => noise(i, seed) * spread)
  return makeTensor(name, DataType.FLOAT, dims, data)
}

/** In [-1, 1), the same for the same arguments. */
export function noise(i: number, seed: number): number {
  const x = Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453
  return 2 * (x - Math.floor(x)) - 1
}

/** alpha and beta of the activations that take them, unlike what they are by default. */
const parameters: Readonly<Record<string, readonly number[]>> = {
  Affine: [0.7, 0.1],
  Elu: [0.8],
  HardSigmoid: [0.3, 0.4],
  LeakyRelu: [0.2],
  ScaledTanh: [1.2, 0.6],
}

const several = ['Sigmoid', 'Tanh', 'Relu', 'HardSigmoid', 'Softsign', 'LeakyRelu', 'ScaledTanh', 'Affine', 'Elu']

export const recurrentForm: fc.Arbitrary<RecurrentForm> = fc
  .record({
    type: fc.constantFrom('LSTM', 'GRU', 'RNN' as const),
    direction: fc.constantFrom('forward', 'reverse', 'bidirectional' as const),
    steps: fc.integer({ min: 1, max: 6 }),
    batch: fc.integer({ min: 1, max: 3 }),
    inputs: fc.integer({ min: 1, max: 5 }),
    hidden: fc.integer({ min: 1, max: 6 }),
    bias: fc.boolean(),
    initial: fc.constantFrom('none', 'constant', 'fed' as const),
    lengths: fc.boolean(),
    peepholes: fc.boolean(),
    linearBeforeReset: fc.boolean(),
    inputForget: fc.boolean(),
    clip: fc.constantFrom(0, 0, 0.6),
    activations: fc.option(fc.array(fc.constantFrom(...several), { minLength: 6, maxLength: 6 }), { nil: [] }),
    open: fc.boolean(),
    opset: fc.constantFrom(9, 11, 13, 17),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .map((form) => {
    const perDirection = { LSTM: 3, GRU: 2, RNN: 1 }[form.type]
    const count = perDirection * (form.direction === 'bidirectional' ? 2 : 1)
    return {
      ...form,
      peepholes: form.peepholes && form.type === 'LSTM',
      inputForget: form.inputForget && form.type === 'LSTM',
      linearBeforeReset: form.linearBeforeReset && form.type === 'GRU',
      activations: form.activations.slice(0, count),
      lengths: form.lengths && form.opset >= 11,
      open: form.open && form.initial === 'none',
    }
  })

/** A layer without anything special. */
export const plainForm: RecurrentForm = {
  ...{ type: 'LSTM', direction: 'forward', steps: 8, batch: 1, inputs: 8, hidden: 12, bias: true, initial: 'none' },
  ...{ lengths: false, peepholes: false, linearBeforeReset: false, inputForget: false, clip: 0, activations: [] },
  ...{ open: false, opset: 17, seed: 1 },
}
