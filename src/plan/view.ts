// What planning asks about the graph: which tensors carry activations, which are constants, who reads what.

import { type GraphIndex, indexGraph, sortTopologically } from '../onnx/graph.js'
import { opsetOf } from '../onnx/model.js'
import { isRandom, readsDimsOnly } from '../onnx/operators.js'
import { elementCount, floatValues, tensorData, tensorDims } from '../onnx/tensor.js'
import {
  DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorInfo,
  type TensorProto,
} from '../onnx/types.js'

/** A constant float tensor. */
export interface FloatConstant {
  readonly dims: readonly number[]
  readonly data: Float32Array
}

export interface GraphView {
  /** In topological order. */
  readonly nodes: readonly NodeProto[]
  readonly index: GraphIndex
  readonly opset: number
  /** Whether a tensor of fixed dims holds float32 values that depend on the model's inputs: what quantization is about. */
  isActivation(name: string | undefined): name is string
  /** Whether a tensor holds such values, but no fixed number of them. */
  isVarying(name: string): boolean
  /** Whether a tensor of fixed dims holds conditions that depend on the model's inputs. */
  isCondition(name: string | undefined): name is string
  /** A tensor's dims with the first sample; [] where they are unknown. */
  dims(name: string): readonly number[]
  /** A constant float32 tensor of the graph. */
  constant(name: string | undefined): FloatConstant | undefined
  /** The value of a constant tensor with one element, float or (an exponent of Pow) an integer. */
  scalar(name: string | undefined): number | undefined
  /** The value of each channel of a tensor that the model means by zero, where that is another number. */
  zeros(name: string): Float64Array | undefined
  /** The view of a graph inside of this one. */
  inner(graph: GraphProto): GraphView
  /** The one node that reads a tensor; undefined where no node or several do, where it is an output of the graph, or where it is to be kept. */
  soleReader(name: string): NodeProto | undefined
}

const scalarTypes: ReadonlySet<number> = new Set([DataType.FLOAT, DataType.INT32, DataType.INT64])

export function viewGraph(
  proto: ModelProto,
  tensors: ReadonlyMap<string, TensorInfo>,
  zeros?: ReadonlyMap<string, Float64Array>,
  kept?: ReadonlySet<string>,
): GraphView {
  const { graph } = proto
  const index = indexGraph(graph)
  const nodes = sortTopologically(graph.node)
  const data = dataTensors(graph, nodes, index)
  const constant = (name: string | undefined) => {
    const tensor = name === undefined || data.has(name) ? undefined : index.initializer(name)
    if (tensor?.dataType !== DataType.FLOAT) return undefined
    return { dims: tensorDims(tensor), data: sharedValues(tensor) }
  }
  const holds = (name: string | undefined, dataType: number) => {
    const info = name === undefined || !data.has(name) ? undefined : tensors.get(name)
    return info?.dataType === dataType && !info.varies && !info.dims.includes(0)
  }
  return {
    nodes,
    index,
    opset: opsetOf(proto),
    isActivation: (name): name is string => holds(name, DataType.FLOAT),
    isVarying: (name) => {
      const info = data.has(name) ? tensors.get(name) : undefined
      return info?.dataType === DataType.FLOAT && info.varies === true
    },
    isCondition: (name): name is string => holds(name, DataType.BOOL),
    dims: (name) => tensors.get(name)?.dims ?? [],
    constant,
    scalar: (name) => {
      const tensor = name === undefined || data.has(name) ? undefined : index.initializer(name)
      if (tensor === undefined || !scalarTypes.has(tensor.dataType) || elementCount(tensorDims(tensor)) !== 1) {
        return undefined
      }
      return Number(tensorData(tensor)[0])
    },
    zeros: (name) => zeros?.get(name),
    inner: (inner) => viewGraph({ ...proto, graph: inner }, tensors),
    soleReader: (name) => {
      const [reader, ...others] = index.consumers(name)
      return others.length > 0 || index.isGraphOutput(name) || kept?.has(name) ? undefined : reader
    },
  }
}

/** Values that some plan holds: further plans of the same model, as its zero points make them, read no file and hold no copy. */
const heldValues = new WeakMap<TensorProto, WeakRef<Float32Array>>()

function sharedValues(tensor: TensorProto): Float32Array {
  const held = heldValues.get(tensor)?.deref()
  const values = held ?? floatValues(tensor)
  if (held === undefined) heldValues.set(tensor, new WeakRef(values))
  return values
}

/**
 * Every tensor whose values depend on what is fed to the model. What is computed from constants and dims alone stays out:
 * the quantized model's dims are fixed, and float arithmetic on dims must not be rounded to 8 bits.
 */
function dataTensors(graph: GraphProto, nodes: readonly NodeProto[], index: GraphIndex): ReadonlySet<string> {
  const data = new Set(graph.input.map(({ name }) => name).filter((name) => index.initializer(name) === undefined))
  for (const node of nodes) {
    const reads = !readsDimsOnly(node) && index.outerInputs(node).some((name) => data.has(name))
    if (reads || isRandom(node)) for (const name of node.output) if (name !== '') data.add(name)
  }
  return data
}

/** Every tensor that nodes and their subgraphs read and do not write themselves, initializers aside; each once. */
export function outerInputsOf(nodes: readonly NodeProto[], { index }: GraphView): string[] {
  const own = new Set(nodes.flatMap(({ output }) => output))
  const names = new Set(nodes.flatMap((node) => index.outerInputs(node)))
  return [...names].filter((name) => !own.has(name) && index.initializer(name) === undefined)
}
