import { describe, expect, it } from 'vitest'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { joinSums } from '../../../../src/onnx/passes/lowered/joinedSums.js'
import { floats, largestDifference, model, node, operators, runModel } from '../../models.js'

const functions = { a: 'Sigmoid', b: 'Tanh', c: 'Softplus', d: 'Elu' }
const branches = Object.entries(functions).map(([name, opType]) => node(opType, ['x'], [name], [], name))
const constants = [floats('k', [1, 3, 1, 1])]

describe('sums of sums', () => {
  it('become one sum of several, with the same values and the name of the last one', async () => {
    const sums = [node('Add', ['a', 'b'], ['ab']), node('Add', ['c', 'ab'], ['abc']), node('Add', ['abc', 'd'], ['y'])]
    const proto = model({ nodes: [...branches, ...sums] })
    const joined = (await optimize({ proto, path: '', hash: '' })).model.proto
    expect(operators(joined)).toEqual([...Object.values(functions), 'Sum'])
    expect(joined.graph.node.at(-1)).toMatchObject({ input: ['c', 'a', 'b', 'd'], output: ['y'] })
    expect(largestDifference(await runModel(proto), await runModel(joined))).toBeLessThan(1e-6)
  })

  it.each([
    [
      'one that another node reads',
      [node('Add', ['a', 'b'], ['ab']), node('Mul', ['ab', 'c'], ['m']), node('Add', ['ab', 'm'], ['y'])],
      {},
    ],
    ['one that is added to itself', [node('Add', ['a', 'b'], ['ab']), node('Add', ['ab', 'ab'], ['y'])], {}],
    [
      'one that is an output',
      [node('Add', ['a', 'b'], ['ab']), node('Add', ['ab', 'c'], ['y'])],
      { outputs: ['y', 'ab'] },
    ],
    [
      'one behind a Relu',
      [node('Add', ['a', 'b'], ['ab']), node('Relu', ['ab'], ['r']), node('Add', ['r', 'c'], ['y'])],
      {},
    ],
    ['sums of a constant', [node('Add', ['a', 'k'], ['ak']), node('Add', ['ak', 'c'], ['y'])], {}],
    [
      'sums of what dims decide',
      [
        node('Shape', ['x'], ['dims']),
        node('ConstantOfShape', ['dims'], ['zeros']),
        node('Add', ['a', 'zeros'], ['az']),
        node('Add', ['az', 'c'], ['y']),
      ],
      {},
    ],
    ['what does not broadcast yet', [node('Add', ['a', 'b'], ['ab']), node('Add', ['ab', 'c'], ['y'])], { opset: 7 }],
  ])('leaves %s', async (_what, sums, parts) => {
    const proto = model({
      nodes: [...branches, ...sums],
      constants,
      ...parts,
    })
    expect((await joinSums.apply(proto)).proto).toBe(proto)
  })

  it('leaves sums of so many that 32 bits would not hold them', async () => {
    const chain = (count: number) => {
      const nameOf = (at: number) => (at === 1 ? 'a' : at === count ? 'y' : `s${at}`)
      const sums = Array.from({ length: count - 1 }, (_, at) => node('Add', [nameOf(at + 1), 'b'], [nameOf(at + 2)]))
      return model({ nodes: [...branches.slice(0, 2), ...sums] })
    }
    expect((await joinSums.apply(chain(512))).count).toBe(1)
    expect((await joinSums.apply(chain(513))).count).toBe(0)
  })

  it('leaves sums of integers, as of dims', async () => {
    const nodes = [
      ...['s', 't', 'u'].map((name) => node('Shape', ['x'], [name])),
      ...[node('Add', ['s', 't'], ['st']), node('Add', ['st', 'u'], ['dims']), node('Expand', ['x', 'dims'], ['y'])],
    ]
    const proto = model({ nodes })
    expect((await joinSums.apply(proto)).proto).toBe(proto)
  })
})
