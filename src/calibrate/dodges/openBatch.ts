// Models are often exported for one sample at a time. Such a model takes several where the places that say so are taken back: dims of inputs, shapes
// that a Reshape is given, and the first states of a Scan. For one sample it computes what it did; whether it does for several, a trial tells
// (independence.ts).

import type { StackAxes } from '../../dataset/batch.js'
import { makeAttribute } from '../../onnx/attribute.js'
import { indexGraph, nameSource } from '../../onnx/graph.js'
import { modelInputs } from '../../onnx/model.js'
import { makeNode, makeValueInfo } from '../../onnx/node.js'
import { isScan, scanForm } from '../../onnx/scan.js'
import { floatValues, makeTensor, tensorDims } from '../../onnx/tensor.js'
import {
  DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorInfo,
  type TensorProto,
} from '../../onnx/types.js'

/**
 * The model with open dims in place of a batch of 1; itself where any dim is open already.
 * @param axes of the batch, by input
 * @param tensors dims of all tensors for one sample
 */
export function openBatch(proto: ModelProto, axes: StackAxes, tensors: ReadonlyMap<string, TensorInfo>): ModelProto {
  const inputs = modelInputs(proto)
  if (inputs.some(({ dims }) => dims.some((dim) => typeof dim === 'string'))) return proto
  const opened = new Map(inputs.map(({ name, dims }) => [name, dims.with(axes[name]!, 'samples')]))
  const { graph } = proto
  const input = graph.input.map((info) => {
    const dims = opened.get(info.name)
    return dims === undefined ? info : makeValueInfo(info.name, info.type!.tensorType!.elemType, dims)
  })
  const writer = new Writer(graph, tensors)
  const node = graph.node.flatMap((one) => writer.opened(one))
  // Their dims were those of one sample: the runtime infers others.
  const output = graph.output.map(({ name }) => ({ name }))
  const initializer = [...graph.initializer, ...writer.tensors]
  return { ...proto, graph: { ...graph, input, node, output, initializer, valueInfo: [] } }
}

class Writer {
  readonly tensors: TensorProto[] = []
  readonly #index
  readonly #unique
  readonly #known: ReadonlyMap<string, TensorInfo>

  constructor(graph: GraphProto, known: ReadonlyMap<string, TensorInfo>) {
    this.#index = indexGraph(graph)
    this.#unique = nameSource(graph)
    this.#known = known
  }

  /** The node for any number of samples, behind what it needs for that. */
  opened(node: NodeProto): NodeProto[] {
    if (node.opType === 'Reshape') return [this.#reshape(node)]
    return isScan(node) ? this.#scan(node) : [node]
  }

  #reshape(node: NodeProto): NodeProto {
    const [data = '', shape = ''] = node.input
    const [from, to] = [data, node.output[0]!].map((name) => this.#known.get(name)?.dims)
    if (this.#index.initializer(shape) === undefined || from === undefined || to === undefined) return node
    const attribute = node.attribute.filter(({ name }) => name !== 'allowzero')
    return { ...node, input: [data, this.#integers(shape, openShape(from, to))], attribute }
  }

  /** Constant first states are repeated for each sample. */
  #scan(node: NodeProto): NodeProto[] {
    const sequence = scanForm(node)?.inputs[0]?.sequence
    if (sequence === undefined) return [node]
    const added: NodeProto[] = []
    const numStates = node.input.length - scanForm(node)!.inputs.length
    const input = node.input.map((name, i) => {
      const constant = i < numStates ? this.#index.initializer(name) : undefined
      const row = constant && commonRow(constant)
      if (row === undefined) return name
      const nodes = this.#repeated(name, row, sequence)
      added.push(...nodes)
      return nodes.at(-1)!.output[0]!
    })
    return [...added, { ...node, input }]
  }

  /** A row [1, ...] for each row of a sequence's elements, [steps, rows, ...]. */
  #repeated(name: string, row: TensorProto, sequence: string): NodeProto[] {
    const unique = (wish: string) => this.#unique(`${name}_${wish}`)
    const [shape, rows, dims] = [unique('shape'), unique('rows'), unique('dims')]
    const first = { ...row, name: unique('row') }
    this.tensors.push(first)
    return [
      makeNode('Shape', [sequence], [shape]),
      makeNode('Gather', [shape, this.#integers(name, [1])], [rows]),
      makeNode('Concat', [rows, this.#integers(name, tensorDims(row).slice(1))], [dims], [makeAttribute('axis', 0)]),
      makeNode('Expand', [first.name, dims], [unique('repeated')]),
    ]
  }

  #integers(wish: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values.map(BigInt))
    const tensor = makeTensor(this.#unique(`${wish}_open`), DataType.INT64, [values.length], data)
    this.tensors.push(tensor)
    return tensor.name
  }
}

/** Dims that stay in front, as they may be (0), and one left to the runtime behind them (-1): more samples are in the former or the latter. */
function openShape(from: readonly number[], to: readonly number[]): readonly number[] {
  const changed = to.findIndex((dim, axis) => dim !== from[axis])
  if (changed === -1) return to.map(() => 0)
  return to.map((dim, axis) => (axis < changed ? 0 : axis === changed ? -1 : dim))
}

/** The row that all rows of a float tensor are, as a tensor of one row; undefined where they differ. */
function commonRow(tensor: TensorProto): TensorProto | undefined {
  const [rows, ...rest] = tensorDims(tensor)
  if (rows === undefined || rows === 0 || tensor.dataType !== DataType.FLOAT) return undefined
  const values = floatValues(tensor)
  const size = values.length / rows
  if (!values.every((value, i) => value === values[i % size])) return undefined
  return makeTensor('', DataType.FLOAT, [1, ...rest], values.slice(0, size))
}
