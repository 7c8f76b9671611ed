// Weights that are NaN or infinite make the network's outputs so, whatever it is fed. They are told by name before any work is done, instead of as the
// first tensor that they spoil. Constants that are chosen from (masks of minus infinity, rows of a table) may hold anything: they are left alone.

import { SquireError } from '../../errors.js'
import { areFinite } from '../../histogram/finite.js'
import { isStandardDomain, rearranging } from '../../onnx/operators.js'
import { withoutDead } from '../../onnx/passes/removal/removeDead.js'
import { coordinates, floatValues, tensorDims } from '../../onnx/tensor.js'
import { DataType, type Model, type NodeProto, type TensorProto } from '../../onnx/types.js'
import { allNodes } from '../../onnx/walk.js'

/** Operators that compute with every value of their constants. */
const weighted: ReadonlySet<string> = new Set([
  ...['Conv', 'ConvTranspose', 'DeformConv', 'Gemm', 'MatMul', 'LSTM', 'GRU', 'RNN', 'PRelu', 'DequantizeLinear'],
  ...['BatchNormalization', 'InstanceNormalization', 'LayerNormalization', 'SimplifiedLayerNormalization'],
  ...['GroupNormalization', 'RMSNormalization'],
])
/** Operators that do so as well, but whose constants may be masks of infinities. */
const arithmetic: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Div'])

/** Initializers that a message lists. */
const MOST_NAMED = 3

/** @throws SquireError MODEL naming the initializers, their readers, how many values are not finite, and where the first one is */
export function requireFiniteWeights({ proto, path }: Model): void {
  const found = [...readWeights(allNodes(withoutDead(proto.graph)), proto.graph.initializer)].flatMap(
    ([tensor, reader]) => {
      const values = floatValues(tensor)
      if (areFinite(values)) return []
      const counted = counts(values, weighted.has(reader.opType))
      return counted === undefined
        ? []
        : [
            `  ${nameOf(tensor, reader)} ${counted.text} at [${coordinates(counted.first, tensorDims(tensor)).join(', ')}]`,
          ]
    },
  )
  if (found.length === 0) return
  const lines = found.slice(0, MOST_NAMED)
  if (found.length > MOST_NAMED) lines.push(`  and ${found.length - MOST_NAMED} more initializers`)
  throw new SquireError(
    'MODEL',
    `model "${path}" has weights that are NaN or infinite, so that its outputs are too. Look for where training, or a conversion to float16, ` +
      `went beyond the range of its type, and export the model again.\n${lines.join('\n')}`,
  )
}

/** Each float32 constant that a node computes with all values of, with the first such node. Constants may pass through nodes that rearrange them. */
function readWeights(
  nodes: readonly NodeProto[],
  initializers: readonly TensorProto[],
): ReadonlyMap<TensorProto, NodeProto> {
  const constants = new Map(initializers.map((tensor) => [tensor.name, tensor]))
  for (const node of nodes) {
    const [first = '', written = ''] = [node.input[0], node.output[0]]
    // Of a Constant node.
    const constant = node.attribute.find(({ name }) => name === 'value')?.t
    const source = rearranging.has(node.opType) ? constants.get(first) : constant && { ...constant, name: written }
    if (source !== undefined) constants.set(written, source)
  }
  const read = new Map<TensorProto, NodeProto>()
  for (const node of nodes) {
    if (!isStandardDomain(node.domain) || !(weighted.has(node.opType) || arithmetic.has(node.opType))) continue
    for (const name of node.input) {
      const tensor = constants.get(name)
      const isNew = tensor?.dataType === DataType.FLOAT && (!read.has(tensor) || weighted.has(node.opType))
      if (isNew) read.set(tensor, node)
    }
  }
  return read
}

/** undefined where none counts. */
function counts(values: Float32Array, withInfinities: boolean) {
  const isWrong = (value: number) => Number.isNaN(value) || (withInfinities && !Number.isFinite(value))
  const first = values.findIndex(isWrong)
  if (first < 0) return undefined
  let [nans, infinities] = [0, 0]
  for (const value of values) {
    if (Number.isNaN(value)) nans++
    else if (withInfinities && !Number.isFinite(value)) infinities++
  }
  const parts = [nans > 0 && `${nans} NaN`, infinities > 0 && `${infinities} infinite`].filter(Boolean)
  return { first, text: `has ${parts.join(' and ')} of ${values.length} values, the first` }
}

function nameOf(tensor: TensorProto, reader: NodeProto): string {
  const by = reader.name === '' ? reader.opType : `"${reader.name}" (${reader.opType})`
  return `initializer "${tensor.name}", which ${by} reads,`
}
