import { describe, expect, it } from 'vitest'
import { findChains } from '../../src/equalize/chains.js'
import { equalize } from '../../src/equalize/equalize.js'
import type { ChannelStatistics } from '../../src/equalize/gain.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import type { NodeProto, TensorProto } from '../../src/onnx/types.js'
import { asModel, feedsFor, floats, largestDifference, model, node, runModel } from '../onnx/models.js'

type Parts = Parameters<typeof model>[0]

const conv = (input: string, weights: string, output: string, group = 1, pad = 0) =>
  node(
    'Conv',
    [input, weights, `${weights}_bias`],
    [output],
    [makeAttribute('group', group), makeAttribute('pads', [pad, pad, pad, pad])],
  )
const weightsOf = (name: string, ...dims: [number, number, number, number]): TensorProto[] => [
  floats(name, dims),
  floats(`${name}_bias`, [dims[0]]),
]

/** Statistics of channels whose ranges differ by powers of four. */
const spread = (channels: number): ChannelStatistics => {
  const largest = Float64Array.from({ length: channels }, (_, c) => 4 ** -(c % 5))
  return { largest, power: largest.map((value) => value ** 2 / 12), nonzero: largest.map(() => 0.5) }
}

/** Convolutions write 'a' for a Relu. */
const isRounded = (name: string) => name !== 'a'

async function equalized(parts: Parts) {
  const proto = model(parts)
  const tensors = await shapesFor(asModel(proto), feedsFor(proto))
  const chains = findChains(proto, tensors)
  const result = equalize(proto, chains, {
    statisticsOf: (name) => spread(tensors.get(name)!.dims[1]!),
    isRounded,
  })
  const difference = largestDifference(await runModel(proto), await runModel(result.proto))
  return { ...result, chains: chains.chains, difference }
}

const namesOf = (scaled: Awaited<ReturnType<typeof equalized>>['scaled']) =>
  scaled.map(({ chain }) => [...chain.tensors.keys()])

describe('equalization', () => {
  it('scales channels between convolutions and leaves the function as it is', async () => {
    const { scaled, difference, factorsOf } = await equalized({
      nodes: [conv('x', 'w', 'a', 1, 1), node('Relu', ['a'], ['b']), conv('b', 'v', 'y')],
      constants: [...weightsOf('w', 5, 3, 3, 3), ...weightsOf('v', 4, 5, 1, 1)],
    })
    expect(namesOf(scaled)).toEqual([['a', 'b']])
    expect(scaled[0]!.ratio).toBeLessThan(0.8)
    expect(new Set(factorsOf.get('b')!).size).toBe(5)
    expect(difference).toBeLessThan(1e-5)
  })

  it('goes through depthwise convolutions, on either side with factors of its own', async () => {
    const { scaled, difference } = await equalized({
      nodes: [
        conv('x', 'w', 'a'),
        node('Relu', ['a'], ['b']),
        conv('b', 'd', 'c', 6, 1),
        node('LeakyRelu', ['c'], ['e']),
        node('MaxPool', ['e'], ['f'], [makeAttribute('kernel_shape', [2, 2])]),
        conv('f', 'v', 'y', 2),
      ],
      constants: [...weightsOf('w', 6, 3, 1, 1), ...weightsOf('d', 6, 1, 3, 3), ...weightsOf('v', 4, 3, 1, 1)],
    })
    expect(namesOf(scaled)).toEqual([
      ['a', 'b'],
      ['c', 'e', 'f'],
    ])
    expect(difference).toBeLessThan(1e-5)
  })

  it.each([
    [['a', 'b'], 1],
    [['a', 'b', 'offset'], 0],
  ] as const)('of a Sum of %j scales %d chains: a constant addend stays as it is', async (addends, count) => {
    const { scaled, difference } = await equalized({
      nodes: [conv('x', 'w', 'a'), conv('x', 'u', 'b'), node('Sum', [...addends], ['s']), conv('s', 'v', 'y')],
      constants: [
        ...weightsOf('w', 5, 3, 1, 1),
        ...weightsOf('u', 5, 3, 1, 1),
        ...weightsOf('v', 4, 5, 1, 1),
        floats('offset', [1, 5, 1, 1]),
      ],
    })
    expect(scaled).toHaveLength(count)
    expect(difference).toBeLessThan(1e-5)
  })

  it('ties what is added, goes through concats, gates and pools, and ends in matrix products', async () => {
    const { scaled, difference } = await equalized({
      nodes: [
        conv('x', 'w', 'a'),
        conv('x', 'u', 'b'),
        node('Add', ['a', 'b'], ['s']),
        node('Relu', ['s'], ['r']),
        conv('x', 't', 'c'),
        node('Concat', ['r', 'c'], ['j'], [makeAttribute('axis', 1)]),
        node('GlobalAveragePool', ['j'], ['p']),
        conv('p', 'q', 'h'),
        node('Sigmoid', ['h'], ['g']),
        node('Mul', ['g', 'j'], ['m']),
        node('GlobalAveragePool', ['m'], ['k']),
        node('Flatten', ['k'], ['l']),
        node('Gemm', ['l', 'z', 'z_bias'], ['y'], [makeAttribute('transB', 1), makeAttribute('beta', { float: 2 })]),
      ],
      constants: [
        ...[weightsOf('w', 4, 3, 1, 1), weightsOf('u', 4, 3, 1, 1), weightsOf('t', 3, 3, 1, 1)].flat(),
        ...[...weightsOf('q', 7, 7, 1, 1), floats('z', [5, 7]), floats('z_bias', [5])],
      ],
    })
    const [chain] = namesOf(scaled)
    expect(new Set(chain)).toEqual(new Set(['a', 'b', 's', 'r', 'c', 'j', 'p', 'm', 'k', 'l']))
    expect(difference).toBeLessThan(1e-5)
  })

  it.each([
    ['a bound above', [node('Clip', ['a', 'zero', 'six'], ['b'])]],
    ['a function that is not homogeneous', [node('Sigmoid', ['a'], ['b'])]],
    ['a constant that is added', [node('Add', ['a', 'six'], ['b'])]],
    [
      'a mean over channels',
      [node('ReduceMean', ['a'], ['m'], [makeAttribute('axes', [1])]), node('Add', ['a', 'm'], ['b'])],
    ],
  ] as [string, NodeProto[]][])('leaves channels before %s alone', async (_case, between) => {
    const { scaled, chains } = await equalized({
      nodes: [conv('x', 'w', 'a'), ...between, conv('b', 'v', 'y')],
      constants: [
        ...[...weightsOf('w', 5, 3, 1, 1), ...weightsOf('v', 4, 5, 1, 1)],
        ...[floats('zero', [], [0]), floats('six', [], [6])],
      ],
    })
    expect(scaled).toEqual([])
    expect(chains).toEqual([])
  })

  it('scales nothing where ranges are equal: there is nothing to gain', async () => {
    const proto = model({
      nodes: [conv('x', 'w', 'a'), node('Relu', ['a'], ['b']), conv('b', 'v', 'y')],
      constants: [...weightsOf('w', 5, 3, 1, 1), ...weightsOf('v', 4, 5, 1, 1)],
    })
    const tensors = await shapesFor(asModel(proto), feedsFor(proto))
    const even: ChannelStatistics = {
      ...{ largest: new Float64Array(5).fill(1), power: new Float64Array(5).fill(0.1) },
      nonzero: new Float64Array(5).fill(1),
    }
    expect(equalize(proto, findChains(proto, tensors), { statisticsOf: () => even, isRounded }).scaled).toEqual([])
  })
})
