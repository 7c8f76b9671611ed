// The wire format: field numbers of onnx/onnx.proto for the messages squire reads. Everything else (training info, sparse attributes...)
// stays behind in `$unknowns` and is written back untouched.
//
// Presence: a field marked `optional` is absent or present, and stays so. A string or number without the mark has its default when absent
// and is not written when it has its default, which ONNX defines to mean the same. Repeated numbers are packed where onnx.proto packs them.

import protobuf from 'protobufjs'

const source = `
syntax = "proto3";
package onnx;

message StringStringEntryProto { string key = 1; string value = 2; }

message TensorProto {
  repeated int64 dims = 1 [packed = false];
  int32 data_type = 2;
  repeated float float_data = 4 [packed = true];
  repeated int32 int32_data = 5 [packed = true];
  repeated bytes string_data = 6;
  repeated int64 int64_data = 7 [packed = true];
  string name = 8;
  optional bytes raw_data = 9;
  repeated double double_data = 10 [packed = true];
  repeated uint64 uint64_data = 11 [packed = true];
  optional string doc_string = 12;
  repeated StringStringEntryProto external_data = 13;
  optional int32 data_location = 14;
}

message SparseTensorProto {
  TensorProto values = 1;
  TensorProto indices = 2;
  repeated int64 dims = 3 [packed = false];
}

message AttributeProto {
  string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  optional bytes s = 4;
  optional TensorProto t = 5;
  optional GraphProto g = 6;
  repeated float floats = 7 [packed = false];
  repeated int64 ints = 8 [packed = false];
  repeated bytes strings = 9;
  repeated TensorProto tensors = 10;
  repeated GraphProto graphs = 11;
  optional string doc_string = 13;
  int32 type = 20;
  optional string ref_attr_name = 21;
}

message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string name = 3;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  optional string doc_string = 6;
  string domain = 7;
  optional string overload = 8;
}

message TypeProto {
  message Tensor { int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  optional Tensor tensor_type = 1;
}

message TensorShapeProto {
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
  repeated Dimension dim = 1;
}

message ValueInfoProto { string name = 1; optional TypeProto type = 2; optional string doc_string = 3; }

message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  optional string doc_string = 10;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13;
  repeated SparseTensorProto sparse_initializer = 15;
}

message OperatorSetIdProto { string domain = 1; int64 version = 2; }

message FunctionProto {
  string name = 1;
  repeated string input = 4;
  repeated string output = 5;
  repeated string attribute = 6;
  repeated NodeProto node = 7;
  repeated OperatorSetIdProto opset_import = 9;
  string domain = 10;
  repeated AttributeProto attribute_proto = 11;
  optional string overload = 13;
}

message ModelProto {
  int64 ir_version = 1;
  optional string producer_name = 2;
  optional string producer_version = 3;
  optional string domain = 4;
  optional int64 model_version = 5;
  optional string doc_string = 6;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
  repeated FunctionProto functions = 25;
}
`

/** Repeated fields that are an empty array when absent; the others are then undefined. */
const alwaysArrays = new Set([
  'dims',
  'input',
  'output',
  'attribute',
  'dim',
  'node',
  'initializer',
  'valueInfo',
  'opsetImport',
  'attributeProto',
])

const modelType = protobuf.parse(source).root.lookupType('onnx.ModelProto')

type Message = Record<string, unknown>

/** Decodes a serialized ModelProto to plain objects. Byte fields are views into `bytes`. Throws what protobufjs throws. */
export function decodeMessage(bytes: Uint8Array): Message {
  // A plain Uint8Array, so that views of it are Uint8Arrays too: a Buffer's slice() does not copy.
  const reader = protobuf.Reader.create(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  reader.discardUnknown = false
  return toPlain(modelType, modelType.decode(reader) as unknown as Message)
}

/** Encodes plain objects of the shapes in types.ts. */
export function encodeMessage(model: object): Uint8Array {
  // A shared view: finish() without it would hold a second copy of a large model.
  const bytes = modelType.encode(model as Message).finish()
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

// protobufjs keeps defaults on the prototype and unknown fields in a hidden property: an object spread would lose both.
// Plain objects with own properties can be copied, cloned and compared.
function toPlain(type: protobuf.Type, message: Message): Message {
  const plain: Message = {}
  for (const field of type.fieldsArray) {
    const value = Object.hasOwn(message, field.name) ? message[field.name] : undefined
    if (field.repeated) {
      const items = (value ?? []) as readonly unknown[]
      if (items.length > 0 || alwaysArrays.has(field.name))
        plain[field.name] = items.map((item) => fieldValue(field, item))
    } else if (value !== undefined) plain[field.name] = fieldValue(field, value)
    else if (!field.hasPresence) plain[field.name] = field.type === 'string' ? '' : 0
  }
  if (Object.hasOwn(message, '$unknowns')) plain.$unknowns = message.$unknowns
  return plain
}

function fieldValue(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type) return toPlain(field.resolvedType, value as Message)
  if (field.type === 'int64' || field.type === 'uint64') return smallInt64(value as Long)
  return value
}

interface Long {
  readonly low: number
  readonly high: number
  readonly unsigned: boolean
}

function smallInt64(value: Long | number): Long | number {
  if (typeof value === 'number') return value
  const { low, high, unsigned } = value
  const exact = (unsigned ? high >>> 0 : high) * 2 ** 32 + (low >>> 0)
  return Number.isSafeInteger(exact) ? exact : { low, high, unsigned }
}
