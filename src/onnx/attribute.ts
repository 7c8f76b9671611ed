// Reading and making node attributes. A reader gives the fallback when the attribute is absent and fails when it has another type.

import { SquireError } from '../errors.js'
import { fromBigInt, toNumber } from './elements/int64.js'
import { type AttributeProto, AttributeType, type GraphProto, type NodeProto, type TensorProto } from './types.js'

const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** An INT; beyond 2^53 the nearest number. */
export function intAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = find(node, name, AttributeType.INT)
  return attribute === undefined ? fallback : toNumber(attribute.i ?? 0)
}

/** INTS; beyond 2^53 the nearest number. */
export function intsAttribute(node: NodeProto, name: string, fallback: readonly number[]): readonly number[]
export function intsAttribute(
  node: NodeProto,
  name: string,
  fallback: readonly number[] | undefined,
): readonly number[] | undefined
export function intsAttribute(
  node: NodeProto,
  name: string,
  fallback: readonly number[] | undefined,
): readonly number[] | undefined {
  const attribute = find(node, name, AttributeType.INTS)
  return attribute === undefined ? fallback : (attribute.ints ?? []).map(toNumber)
}

/** A FLOAT: a float32 value. */
export function floatAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = find(node, name, AttributeType.FLOAT)
  return attribute === undefined ? fallback : (attribute.f ?? 0)
}

/** FLOATS: float32 values. */
export function floatsAttribute(
  node: NodeProto,
  name: string,
  fallback: readonly number[] | undefined,
): readonly number[] | undefined {
  const attribute = find(node, name, AttributeType.FLOATS)
  return attribute === undefined ? fallback : (attribute.floats ?? [])
}

/** A STRING, decoded from UTF-8. */
export function stringAttribute(node: NodeProto, name: string, fallback: string): string
export function stringAttribute(node: NodeProto, name: string, fallback: string | undefined): string | undefined
export function stringAttribute(node: NodeProto, name: string, fallback: string | undefined): string | undefined {
  const attribute = find(node, name, AttributeType.STRING)
  return attribute === undefined ? fallback : textDecoder.decode(attribute.s ?? new Uint8Array())
}

/** STRINGS, decoded from UTF-8. */
export function stringsAttribute(node: NodeProto, name: string, fallback: readonly string[]): readonly string[] {
  const attribute = find(node, name, AttributeType.STRINGS)
  return attribute === undefined ? fallback : (attribute.strings ?? []).map((bytes) => textDecoder.decode(bytes))
}

/** Every graph a node carries in its attributes (If, Loop, Scan...), in attribute order. */
export function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? (graphs ?? []) : [g, ...(graphs ?? [])]))
}

/** What an attribute can be made of. A number or bigint is an INT, an array of them INTS: floats are written `{float: 1}`, `{floats: []}`. */
export type AttributeValue =
  | number
  | bigint
  | string
  | TensorProto
  | GraphProto
  | readonly (number | bigint)[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }

export function makeAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number' || typeof value === 'bigint')
    return { name, type: AttributeType.INT, i: int64(name, value) }
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: textEncoder.encode(value) }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float }
  if ('floats' in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] }
  if ('strings' in value) {
    return { name, type: AttributeType.STRINGS, strings: value.strings.map((text) => textEncoder.encode(text)) }
  }
  if ('node' in value) return { name, type: AttributeType.GRAPH, g: value }
  if ('dataType' in value) return { name, type: AttributeType.TENSOR, t: value }
  return { name, type: AttributeType.INTS, ints: value.map((item) => int64(name, item)) }
}

function int64(name: string, value: number | bigint) {
  if (typeof value === 'bigint') return fromBigInt(value)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`attribute "${name}": ${value} is not an integer; use {float: ${value}}`)
  return value
}

function find(node: NodeProto, name: string, type: number): AttributeProto | undefined {
  const attribute = node.attribute.find((candidate) => candidate.name === name)
  // Type 0 is what exporters older than the field wrote.
  if (attribute === undefined || attribute.type === type || attribute.type === 0) return attribute
  const place = `node "${node.name}" (${node.opType}): attribute "${name}"`
  throw new SquireError('MODEL', `${place} has type ${attribute.type}, expected ${type}; export the model again`)
}
