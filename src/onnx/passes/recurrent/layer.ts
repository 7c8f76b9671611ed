// What an LSTM, GRU or RNN node says: its weights by direction, its activations, and what is special about it.
// Source: onnx/docs/Operators.md, LSTM, GRU, RNN.

import { floatAttribute, intAttribute, stringAttribute } from '../../attribute.js'
import type { GraphIndex } from '../../graph.js'
import { isStandardDomain } from '../../operators.js'
import { floatValues, tensorData, tensorDims } from '../../tensor.js'
import { DataType, type NodeProto } from '../../types.js'
import { type Activation, activationsOf } from './activations.js'

const gatesOf = { LSTM: 4, GRU: 3, RNN: 1 } as const
const activationsPerDirection = { LSTM: 3, GRU: 2, RNN: 1 } as const

export type CellType = keyof typeof gatesOf

export interface Direction {
  readonly reverse: boolean
  /** [gates * hidden, inputs], as the node has them. */
  readonly inputWeights: Float32Array
  /** [gates * hidden, hidden] */
  readonly stateWeights: Float32Array
  /** [gates * hidden] each. */
  readonly inputBias: Float32Array
  readonly stateBias: Float32Array
  /** [3 * hidden], of the gates i, o and f. */
  readonly peepholes: Float32Array | undefined
  readonly activations: readonly Activation[]
}

export interface RecurrentLayer {
  readonly node: NodeProto
  readonly type: CellType
  readonly gates: number
  readonly hidden: number
  readonly inputs: number
  readonly directions: readonly Direction[]
  /** X is [batch, steps, inputs] (layout 1), not [steps, batch, inputs]. */
  readonly batchFirst: boolean
  /** undefined where it is open. */
  readonly batch: number | undefined
  /** What the activations' arguments are clipped to, +-. */
  readonly clip: number | undefined
  readonly linearBeforeReset: boolean
  /** f = 1 - i */
  readonly inputForget: boolean
  /** The tensor that says where each sequence ends; undefined where all have all steps. */
  readonly lengths: string | undefined
  /** Names; undefined where the states start at zero. */
  readonly initial: readonly (string | undefined)[]
}

export function isRecurrent({ opType, domain }: NodeProto): boolean {
  return Object.hasOwn(gatesOf, opType) && isStandardDomain(domain)
}

/**
 * @param dims of X; what is not known of them is no number
 * @returns the layer, or why it has no integer form
 */
export function recurrentLayer(
  node: NodeProto,
  index: GraphIndex,
  dims: readonly (number | string)[],
): RecurrentLayer | string {
  const type = node.opType as CellType
  const [, weightsName = '', stateWeightsName = '', biasName = '', lengthsName = '', ...states] = node.input
  const peepholesName = type === 'LSTM' ? (states[2] ?? '') : ''
  const [weights, stateWeights] = [constant(weightsName, index), constant(stateWeightsName, index)]
  const [bias, peepholes] = [constant(biasName, index), constant(peepholesName, index)]
  if (!weights || !stateWeights || (biasName !== '' && !bias) || (peepholesName !== '' && !peepholes)) {
    return 'its weights are computed, not constant'
  }
  const batchFirst = intAttribute(node, 'layout', 0) === 1
  const [batch, steps] = [1, 0].map((axis) => dims[batchFirst ? 1 - axis : axis])
  const [numDirections, rows, inputs] = weights.dims as [number, number, number]
  const gates = gatesOf[type]
  const hidden = rows / gates
  const activations = activationsOf(node, numDirections * activationsPerDirection[type])
  if (typeof activations === 'string') return activations
  const reversed = stringAttribute(node, 'direction', 'forward') === 'reverse'
  const part = (of: Float32Array | undefined, length: number, at: number) =>
    of?.subarray(at * length, (at + 1) * length) ?? new Float32Array(length)
  const directions = Array.from({ length: numDirections }, (_, d): Direction => {
    const both = part(bias?.data, 2 * rows, d)
    return {
      reverse: reversed || d === 1,
      inputWeights: part(weights.data, rows * inputs, d),
      stateWeights: part(stateWeights.data, rows * hidden, d),
      inputBias: both.subarray(0, rows),
      stateBias: both.subarray(rows),
      peepholes: peepholes && part(peepholes.data, 3 * hidden, d),
      activations: activations.slice(d * activationsPerDirection[type], (d + 1) * activationsPerDirection[type]),
    }
  })
  const clip = floatAttribute(node, 'clip', 0)
  return {
    ...{ node, type, gates, hidden, inputs, directions },
    batchFirst,
    lengths: runsToTheEnd(lengthsName, index, steps) ? undefined : lengthsName,
    batch: typeof batch === 'number' ? batch : undefined,
    clip: clip > 0 ? clip : undefined,
    linearBeforeReset: intAttribute(node, 'linear_before_reset', 0) !== 0,
    inputForget: intAttribute(node, 'input_forget', 0) !== 0,
    initial: states.slice(0, type === 'LSTM' ? 2 : 1).map((name) => (isZero(name, index) ? undefined : name)),
  }
}

function constant(name: string, index: GraphIndex) {
  const tensor = index.initializer(name)
  return tensor?.dataType === DataType.FLOAT ? { dims: tensorDims(tensor), data: floatValues(tensor) } : undefined
}

/** Whether lengths are not given, or all those of the whole sequence. */
function runsToTheEnd(name: string, index: GraphIndex, steps: number | string | undefined): boolean {
  if (name === '') return true
  const lengths = index.initializer(name)
  return lengths !== undefined && Array.from(tensorData(lengths), Number).every((length) => length === steps)
}

/** Whether a state is not given, or zeros of whatever batch: exporters expand them to the batch of the input. */
function isZero(name: string, index: GraphIndex): boolean {
  const tensor = index.initializer(name)
  if (tensor !== undefined) return tensorData(tensor).every((value) => Number(value) === 0)
  const producer = index.producer(name)
  if (producer === undefined) return name === ''
  if (producer.opType === 'ConstantOfShape') {
    return producer.attribute.every(({ t }) => t === undefined || tensorData(t).every((value) => Number(value) === 0))
  }
  return ['Expand', 'Identity', 'Tile'].includes(producer.opType) && isZero(producer.input[0]!, index)
}
