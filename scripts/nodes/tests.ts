// ONNX's own tests of operators, as onnx/backend/test/data has them: a folder a test, with model.onnx and the inputs of test_data_set_0.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { elementTypeOf } from '../../src/onnx/elements/datatype.js'
import { decodeMessage } from '../../src/onnx/file/schema.js'
import { modelInputs } from '../../src/onnx/model.js'
import { tensorData, tensorDims } from '../../src/onnx/tensor.js'
import {
  DataType,
  type ModelProto,
  type TensorProto,
  type TensorValue,
  type ValueInfoProto,
} from '../../src/onnx/types.js'

export interface NodeTest {
  readonly name: string
  readonly proto: ModelProto
  /** Input name -> its value; undefined where an input is no tensor of numbers. */
  readonly inputs: ReadonlyMap<string, TensorProto> | undefined
}

/** Names of the tests below a folder, sorted: 'node/test_abs'. */
export async function testNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const models = entries.filter((entry) => entry.isFile() && entry.name === 'model.onnx')
  return models.map(({ parentPath }) => parentPath.slice(folder.length + 1)).sort()
}

export async function readTest(folder: string, name: string): Promise<NodeTest> {
  const place = join(folder, name)
  const proto = decodeMessage(await readFile(join(place, 'model.onnx'))) as unknown as ModelProto
  if (!proto.graph.input.every(isNumeric)) return { name, proto, inputs: undefined }
  const inputs = new Map<string, TensorProto>()
  for (const [i, input] of modelInputs(proto).entries()) {
    const tensor = decodeTensor(await readFile(join(place, 'test_data_set_0', `input_${i}.pb`)))
    inputs.set(input.name, { ...tensor, name: input.name })
  }
  return { name, proto, inputs }
}

const isNumeric = ({ type }: ValueInfoProto) =>
  type?.tensorType !== undefined && elementTypeOf(type.tensorType.elemType) !== undefined

/** A TensorProto in a file of its own, read as the only initializer of a model: the schema's root is ModelProto. */
export function decodeTensor(bytes: Uint8Array): TensorProto {
  const model = decodeMessage(field(GRAPH, field(INITIALIZER, bytes))) as unknown as ModelProto
  return model.graph.initializer[0]!
}

/** Field numbers of ModelProto.graph and GraphProto.initializer in onnx.proto. */
const [GRAPH, INITIALIZER] = [7, 5]

/** A field of bytes in Protocol Buffers' wire format: its number and wire type 2, the length as a varint, the bytes. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = []
  let rest = bytes.length
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
  return Uint8Array.from([number * 8 + 2, ...length, rest, ...bytes])
}

export function asValue(tensor: TensorProto): TensorValue {
  return { type: elementTypeOf(tensor.dataType)!, dims: tensorDims(tensor), data: tensorData(tensor) }
}

const floats: readonly number[] = [DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE]

export const isFloat = ({ dataType }: Pick<TensorProto, 'dataType'>): boolean => floats.includes(dataType)
