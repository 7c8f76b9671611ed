import { describe, expect, it } from 'vitest'
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  makeAttribute,
  stringAttribute,
  subgraphs,
} from '../../src/onnx/attribute.js'
import { makeGraph } from '../../src/onnx/node.js'
import { floats, node } from './models.js'

const graph = makeGraph({ nodes: [], inputs: [], outputs: [] })
const tensor = floats('t', [2])
const full = node(
  'Any',
  [],
  [],
  [
    makeAttribute('int', -3),
    makeAttribute('big', 2n ** 63n - 1n),
    makeAttribute('ints', [1, 2]),
    makeAttribute('none', []),
    makeAttribute('float', { float: 0.5 }),
    makeAttribute('floats', { floats: [1, 2.5] }),
    makeAttribute('string', 'größe'),
    makeAttribute('tensor', tensor),
    makeAttribute('graph', graph),
  ],
)

describe('attributes', () => {
  it('are read as they were made', () => {
    expect(intAttribute(full, 'int', 0)).toBe(-3)
    expect(intAttribute(full, 'big', 0)).toBe(2 ** 63)
    expect(intsAttribute(full, 'ints', undefined)).toEqual([1, 2])
    expect(intsAttribute(full, 'none', [7])).toEqual([])
    expect(floatAttribute(full, 'float', 0)).toBe(0.5)
    expect(floatsAttribute(full, 'floats', undefined)).toEqual([1, 2.5])
    expect(stringAttribute(full, 'string', '')).toBe('größe')
    expect(full.attribute.find(({ name }) => name === 'tensor')?.t).toBe(tensor)
    expect(subgraphs(full)).toEqual([graph])
  })

  it('give the fallback when absent', () => {
    expect(intAttribute(full, 'missing', 4)).toBe(4)
    expect(intsAttribute(full, 'missing', undefined)).toBeUndefined()
    expect(floatAttribute(full, 'missing', 1.5)).toBe(1.5)
    expect(stringAttribute(full, 'missing', 'NOTSET')).toBe('NOTSET')
  })

  it('of another type fail with the node, the attribute and both types', () => {
    const conv = node('Conv', [], [], [makeAttribute('group', 'two')], 'conv1')
    expect(() => intAttribute(conv, 'group', 1)).toThrow(
      'node "conv1" (Conv): attribute "group" has type 3, expected 2',
    )
  })

  it('refuse a fraction as an integer', () => {
    expect(() => makeAttribute('alpha', 0.5)).toThrow('use {float: 0.5}')
  })
})
