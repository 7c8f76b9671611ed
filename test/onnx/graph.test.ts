import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../src/onnx/attribute.js'
import {
  allNames,
  capturedNames,
  indexGraph,
  nameSource,
  outerInputs,
  sortTopologically,
} from '../../src/onnx/graph.js'
import { makeGraph, makeValueInfo } from '../../src/onnx/node.js'
import { DataType, type NodeProto } from '../../src/onnx/types.js'
import { floats, model, node } from './models.js'

const info = (name: string) => makeValueInfo(name, DataType.FLOAT)

/** Reads `outer` and, one level deeper, `deep`; `own` and `inner` are its own. */
const innermost = makeGraph({ nodes: [node('Add', ['deep', 'inner'], ['z'])], inputs: [], outputs: [info('z')] })
const branch = makeGraph({
  nodes: [
    node('Add', ['outer', 'own'], ['inner']),
    node('If', ['inner'], ['w'], [makeAttribute('then_branch', innermost), makeAttribute('else_branch', innermost)]),
  ],
  inputs: [],
  outputs: [info('w'), info('direct')],
  initializers: [floats('own', [1])],
})
const ifNode = node(
  'If',
  ['condition'],
  ['y'],
  [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)],
)

describe('a graph index', () => {
  const proto = model({
    nodes: [node('Relu', ['x'], ['outer']), node('Clip', ['outer', '', 'max'], ['condition']), ifNode],
    constants: [floats('max', [])],
  })
  const index = indexGraph(proto.graph)
  const [relu, clip] = proto.graph.node

  it('finds who writes and who reads a tensor', () => {
    expect(index.producer('outer')).toBe(relu)
    expect(index.producer('x')).toBeUndefined()
    expect(index.consumers('x')).toEqual([relu])
    expect(index.consumers('nothing')).toEqual([])
    expect(index.initializer('max')?.name).toBe('max')
    expect(index.isGraphInput('x')).toBe(true)
    expect(index.isGraphOutput('y')).toBe(true)
    expect(index.isGraphOutput('outer')).toBe(false)
  })

  it('counts what a subgraph reads, at any depth, as read by its node', () => {
    expect(index.consumers('outer')).toEqual([clip, ifNode])
    expect(index.consumers('deep')).toEqual([ifNode])
    expect(index.consumers('inner')).toEqual([])
    expect(outerInputs(ifNode)).toEqual(['condition', 'outer', 'deep', 'direct'])
    expect(capturedNames(branch)).toEqual(['outer', 'deep', 'direct'])
  })

  it('leaves omitted inputs out', () => {
    expect(index.outerInputs(clip!)).toEqual(['outer', 'max'])
    expect(index.consumers('')).toEqual([])
  })

  it('names a reader once though it reads twice', () => {
    const square = node('Mul', ['x', 'x'], ['y'])
    expect(indexGraph(model({ nodes: [square] }).graph).consumers('x')).toEqual([square])
  })

  it('gives fresh names that no graph inside has', () => {
    const nameOf = nameSource(proto.graph)
    expect([nameOf('inner'), nameOf('inner'), nameOf('new')]).toEqual(['inner_1', 'inner_2', 'new'])
    expect(allNames(proto.graph)).toContain('z')
  })
})

describe('sortTopologically', () => {
  it('puts every writer before its readers, for any order of the nodes', () => {
    const chain = Array.from({ length: 8 }, (_, i) => node('Add', [`t${i}`, `t${i >> 1}`], [`t${i + 1}`]))
    fc.assert(
      fc.property(fc.shuffledSubarray(chain, { minLength: 8 }), (shuffled) => {
        expect(sortTopologically(shuffled)).toEqual(chain)
      }),
    )
  })

  it('keeps an order that is right already', () => {
    const nodes = ['a', 'b', 'c'].map((name) => node('Relu', ['x'], [name]))
    expect(sortTopologically(nodes)).toEqual(nodes)
  })

  it('sees what subgraphs capture', () => {
    const outer = node('Relu', ['x'], ['outer'])
    expect(sortTopologically([ifNode, outer])).toEqual([outer, ifNode])
  })

  it('sorts a chain longer than the call stack', () => {
    const chain: NodeProto[] = Array.from({ length: 20000 }, (_, i) => node('Relu', [`t${i}`], [`t${i + 1}`]))
    expect(sortTopologically([...chain].reverse())).toEqual(chain)
  })

  it('names the nodes of a cycle', () => {
    const cycle = [node('Relu', ['b'], ['a'], [], 'first'), node('Tanh', ['a'], ['b'], [], 'second')]
    expect(() => sortTopologically(cycle)).toThrow('the graph has a cycle: "first" (Relu) -> "second" (Tanh)')
  })
})
