// Models in half or double precision become float32 models. The integer model is made from float32, which every float16 and bfloat16 is;
// a double is rounded.
//
// A type is converted where weights have it, or where inputs have it and nothing in the model is float32. Elsewhere the model itself converts its
// inputs and outputs; doubles that only serve the arithmetic of shapes stay as they are. An input in bfloat16 is always converted: the runtime's
// JavaScript cannot feed one.

import { intAttribute, makeAttribute } from '../attribute.js'
import { dataTypeName } from '../elements/datatype.js'
import { GIVEN_TYPES } from '../model.js'
import { mapGraphs } from '../names/renaming.js'
import { elementCount, floatValues, makeTensor, tensorDims } from '../tensor.js'
import {
  type AttributeProto,
  DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../types.js'
import type { ImportStep } from './step.js'

const other: ReadonlySet<number> = new Set([DataType.FLOAT16, DataType.BFLOAT16, DataType.DOUBLE])

export const singlePrecision: ImportStep = (proto) => {
  const types = new Set(typesOf(proto.graph).filter((type) => other.has(type)))
  if (types.size === 0) return { proto }
  const names = [...types].sort((a, b) => a - b).map(dataTypeName)
  const isOther = (one: ValueInfoProto) => types.has(elementType(one))
  const given = proto.graph.input.filter(isOther)
  const ends = [given.length > 0 && 'inputs', proto.graph.output.some(isOther) && 'outputs'].filter(Boolean)
  const known = {
    key: GIVEN_TYPES,
    value: JSON.stringify(Object.fromEntries(given.map((one) => [one.name, elementType(one)]))),
  }
  const metadataProps = given.length === 0 ? proto.metadataProps : [...(proto.metadataProps ?? []), known]
  return {
    proto: { ...proto, graph: inGraph(proto.graph, types), ...(metadataProps && { metadataProps }) },
    line: `the model is in ${names.join(' and ')}: converted to float32${ends.length > 0 ? `, its ${ends.join(' and ')} too` : ''}`,
  }
}

/** Whether an input is in half or double precision. */
export function takesOtherPrecision({ graph }: ModelProto): boolean {
  return graph.input.some((input) => other.has(elementType(input)))
}

const elementType = ({ type }: ValueInfoProto) => type?.tensorType?.elemType ?? 0

/** Element types of the weights, initializers and Constant nodes of more than one element, and those of inputs that are converted. */
function typesOf({ initializer, node, input }: GraphProto): number[] {
  const constants = node.filter(({ opType }) => opType === 'Constant').flatMap(({ attribute }) => attribute[0]?.t ?? [])
  const weights = [...initializer, ...constants].filter((tensor) => elementCount(tensorDims(tensor)) > 1)
  const fed = input.map(elementType)
  const casts = node.filter(({ opType }) => opType === 'Cast').map((cast) => intAttribute(cast, 'to', 0))
  const types = weights.map(({ dataType }) => dataType)
  const hasSingle = [...types, ...fed, ...casts].includes(DataType.FLOAT)
  return [...types, ...fed.filter((type) => !hasSingle || type === DataType.BFLOAT16)]
}

function inGraph(graph: GraphProto, types: ReadonlySet<number>): GraphProto {
  const info = (one: ValueInfoProto) => inInfo(one, types)
  return {
    ...graph,
    node: graph.node.map((node) => inNode(node, types)),
    initializer: graph.initializer.map((tensor) => inTensor(tensor, types)),
    input: graph.input.map(info),
    output: graph.output.map(info),
    valueInfo: graph.valueInfo.map(info),
  }
}

function inInfo(info: ValueInfoProto, types: ReadonlySet<number>): ValueInfoProto {
  const tensorType = info.type?.tensorType
  if (tensorType === undefined || !types.has(tensorType.elemType)) return info
  return { ...info, type: { ...info.type, tensorType: { ...tensorType, elemType: DataType.FLOAT } } }
}

function inTensor(tensor: TensorProto, types: ReadonlySet<number>): TensorProto {
  if (!types.has(tensor.dataType)) return tensor
  return makeTensor(tensor.name, DataType.FLOAT, tensorDims(tensor), floatValues(tensor))
}

/** Attributes that hold an element type (Cast, RandomNormal and EyeLike, SequenceEmpty). */
const typeAttributes: ReadonlySet<string> = new Set(['to', 'dtype'])

function inNode(node: NodeProto, types: ReadonlySet<number>): NodeProto {
  return { ...node, attribute: node.attribute.map((attribute) => inAttribute(node, attribute, types)) }
}

function inAttribute(node: NodeProto, attribute: AttributeProto, types: ReadonlySet<number>): AttributeProto {
  const { name, t, tensors } = attribute
  if (typeAttributes.has(name) && types.has(intAttribute(node, name, 0))) return makeAttribute(name, DataType.FLOAT)
  return mapGraphs(
    {
      ...attribute,
      ...(t !== undefined && { t: inTensor(t, types) }),
      ...(tensors !== undefined && { tensors: tensors.map((tensor) => inTensor(tensor, types)) }),
    },
    (graph) => inGraph(graph, types),
  )
}
