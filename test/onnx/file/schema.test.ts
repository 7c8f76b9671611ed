import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { decodeModel, encodeModel } from '../../../src/onnx/model.js'
import { floats, model, node } from '../models.js'

const sample = model({
  nodes: [node('Conv', ['x', 'w'], ['y'], [makeAttribute('group', 1), makeAttribute('pads', [1, 1, 1, 1])], 'conv')],
  constants: [floats('w', [4, 3, 3, 3])],
})

/** A length-delimited field with a number no ONNX message has. */
const unknownField = Uint8Array.of(0xfa, 0x3f, 3, 1, 2, 3)

describe('the ONNX schema', () => {
  it('gives back what was encoded', () => {
    expect(decodeModel(encodeModel(sample))).toEqual(sample)
  })

  it('keeps fields it does not know, at every depth, through decode, encode and decode', () => {
    const changed = structuredClone(sample)
    for (const message of [changed, changed.graph, changed.graph.node[0]!, changed.graph.initializer[0]!]) {
      Object.assign(message, { $unknowns: [unknownField] })
    }
    const decoded = decodeModel(encodeModel(changed))
    expect(decoded).toEqual(changed)
    expect(decodeModel(encodeModel(decoded))).toEqual(changed)
  })

  it('keeps unknown fields of a message that is copied by spreading it', () => {
    const { graph, ...rest } = decodeModel(encodeModel({ ...sample, ...{ $unknowns: [unknownField] } }))
    expect({ ...rest, graph }).toHaveProperty('$unknowns', [unknownField])
  })

  it('keeps a zero attribute present, and an absent field absent', () => {
    const zero = { name: 'zero', type: 2, i: 0 }
    const absent = { name: 'absent', type: 2 }
    const attributes = [zero, absent, { name: 'empty', type: 7 }, { name: 'f', type: 1, f: 0 }]
    const decoded = decodeModel(encodeModel(model({ nodes: [node('Relu', ['x'], ['y'], attributes)] })))
    expect(decoded.graph.node[0]!.attribute).toEqual(attributes)
    expect(decoded.graph.node[0]).not.toHaveProperty('docString')
  })

  it('keeps 64-bit integers exact', () => {
    const values = [2n ** 63n - 1n, -(2n ** 63n), -1n, 2n ** 53n, -(2n ** 53n) - 1n, 4294967296n]
    const ints = makeAttribute('ends', values)
    const decoded = decodeModel(encodeModel(model({ nodes: [node('Slice', ['x'], ['y'], [ints])] })))
    expect(decoded.graph.node[0]!.attribute[0]).toEqual(ints)
  })

  it('decodes raw data as a view, not a copy', () => {
    const bytes = encodeModel(sample)
    const { rawData } = decodeModel(bytes).graph.initializer[0]!
    expect(rawData!.buffer).toBe(bytes.buffer)
    expect(rawData!.constructor).toBe(Uint8Array)
  })

  it('reads packed and unpacked repeated numbers', () => {
    // dims as one packed field: ONNX writes them unpacked, proto3 writers need not.
    const tensor = Uint8Array.of(0x0a, 2, 2, 3, 0x10, 1)
    const graph = Uint8Array.of(0x2a, tensor.length, ...tensor)
    const decoded = decodeModel(Uint8Array.of(0x08, 8, 0x3a, graph.length, ...graph))
    expect(decoded.graph.initializer[0]!.dims).toEqual([2, 3])
  })
})
