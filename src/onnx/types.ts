// The ONNX messages squire works on, in the shape protobufjs decodes them to and with ONNX's own field names (camelCase).
// Source: onnx/onnx.proto. Fields squire does not know are kept by the decoder in `$unknowns` and written back.

/** TensorProto.DataType numbers. */
export const DataType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
  UINT4: 21,
  INT4: 22,
} as const
export type DataType = (typeof DataType)[keyof typeof DataType]

/** A 64-bit integer as protobufjs gives it: a number where it is exact. */
export type Int64 = number | { low: number; high: number; unsigned: boolean }

export interface StringStringEntryProto {
  key: string
  value: string
}

export interface TensorProto {
  name: string
  dims: Int64[]
  dataType: number
  rawData?: Uint8Array
  floatData?: number[]
  int32Data?: number[]
  stringData?: Uint8Array[]
  int64Data?: Int64[]
  doubleData?: number[]
  uint64Data?: Int64[]
  externalData?: StringStringEntryProto[]
  /** 0 DEFAULT, 1 EXTERNAL */
  dataLocation?: number
  docString?: string
  /** Absolute path of the model beside whose file the `externalData` are: set when the model is read, never written. */
  modelFile?: string
}

/** AttributeProto.AttributeType numbers. */
export const AttributeType = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
} as const

export interface AttributeProto {
  name: string
  type: number
  f?: number
  i?: Int64
  s?: Uint8Array
  t?: TensorProto
  g?: GraphProto
  floats?: number[]
  ints?: Int64[]
  strings?: Uint8Array[]
  tensors?: TensorProto[]
  graphs?: GraphProto[]
  refAttrName?: string
  docString?: string
}

export interface NodeProto {
  name: string
  opType: string
  domain: string
  /** Tensor names; '' is an omitted optional input. */
  input: string[]
  output: string[]
  attribute: AttributeProto[]
  docString?: string
  /** Which of several functions of one name is called. */
  overload?: string
}

export interface DimensionProto {
  dimValue?: Int64
  dimParam?: string
}

export interface TypeProto {
  tensorType?: { elemType: number; shape?: { dim: DimensionProto[] } }
}

export interface ValueInfoProto {
  name: string
  type?: TypeProto
  docString?: string
}

export interface GraphProto {
  name: string
  node: NodeProto[]
  initializer: TensorProto[]
  input: ValueInfoProto[]
  output: ValueInfoProto[]
  valueInfo: ValueInfoProto[]
  sparseInitializer?: SparseTensorProto[]
  docString?: string
}

/** Its name is that of its values, in one dimension; indices are places in row order, [n], or in each dimension, [n, rank]. */
export interface SparseTensorProto {
  values: TensorProto
  indices: TensorProto
  dims: Int64[]
}

export interface OperatorSetIdProto {
  domain: string
  version: Int64
}

/** A function of the model itself: nodes call it by domain, name and overload. */
export interface FunctionProto {
  name: string
  domain: string
  overload?: string
  input: string[]
  output: string[]
  /** Names of the attributes that a call must give. */
  attribute: string[]
  /** Attributes with what they are when a call does not give them. */
  attributeProto: AttributeProto[]
  node: NodeProto[]
  opsetImport: OperatorSetIdProto[]
}

export interface ModelProto {
  irVersion: Int64
  opsetImport: OperatorSetIdProto[]
  producerName?: string
  producerVersion?: string
  domain?: string
  modelVersion?: Int64
  docString?: string
  graph: GraphProto
  metadataProps?: StringStringEntryProto[]
  functions?: FunctionProto[]
}

/** A model read from disk: its messages, where it came from (external data is relative to that folder) and its identity. */
export interface Model {
  readonly proto: ModelProto
  /** Absolute path of the file. */
  readonly path: string
  /** SHA-256 of the file and of every external data file it names, hex. */
  readonly hash: string
  /** The same of the file alone, where `hash` stands for what options change of the model as well; absent: they are one. */
  readonly fileHash?: string
  /** Of a tensor, the value of each channel that the model's own normalization made zero before it was folded into weights; absent: none was. */
  readonly zeros?: ReadonlyMap<string, Float64Array>
}

/** The typed arrays tensors are held in. FLOAT16 and BFLOAT16 are held as their bit patterns in a Uint16Array, BOOL as Uint8Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** A tensor's element type as ONNX Runtime's JavaScript API names it. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'

/** A value that goes into or comes out of a session: ort.Tensor has these members, so do plain objects. */
export interface TensorValue {
  readonly type: ElementType
  /** Row-major elements, as many as the product of `dims`. */
  readonly data: TensorData
  readonly dims: readonly number[]
}

/** What is known of a tensor of the graph after a first run. */
export interface TensorInfo {
  readonly dataType: number
  readonly dims: readonly number[]
  /** Its dims follow from values, not from the inputs' dims alone: `dims` are those of one run. */
  readonly varies?: true
}
