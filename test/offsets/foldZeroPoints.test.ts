import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { integerModel } from '../../src/export/integerModel.js'
import { qdqModel } from '../../src/export/qdqModel.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { rshift } from '../../src/fixedpoint/rounding.js'
import { foldZeroPoints } from '../../src/offsets/foldZeroPoints.js'
import { encodeModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { exposeAll } from '../../src/onnx/shapes/inference.js'
import { shapesFor } from '../../src/onnx/shapes/shapes.js'
import type { Model, ModelProto, NodeProto } from '../../src/onnx/types.js'
import type { FixedAveragePool } from '../../src/operators/pool/solve.js'
import { hasOwnWidth } from '../../src/plan/groups.js'
import { oneWidth } from '../../src/plan/options.js'
import { makePlan } from '../../src/plan/plan.js'
import { solveFixedPoint } from '../../src/plan/solve.js'
import { op } from '../e2e/zoo.js'
import { picture } from '../export/quantized.js'
import { floats, longs, model } from '../onnx/models.js'
import { histogramOf } from '../solve/samples.js'

const chip = chipProfile('TX5105C')
const inEightBits = oneWidth(chip, 8)
const mixing = chipProfile('TX5368x')
const samples = [0, 1, 2, 3].map((seed) => ({ x: picture([1, 3, 16, 16], seed) }))

function weights(name: string, ...dims: number[]) {
  const size = dims.reduce((product, dim) => product * dim, 1)
  let state = size * 17 + name.charCodeAt(0)
  const values = Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return ((state / 2 ** 32 - 0.5) * 3.4) / Math.sqrt(size / dims[0]!)
  })
  return floats(name, dims, values)
}

const pads = { pads: [1, 1, 1, 1] }
const bounds = [floats('low', [], [0]), floats('high', [], [6])]
const constants = [
  ...[weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3), weights('u', 4, 4, 1, 1), weights('b', 4)],
  ...[weights('t', 4, 8, 1, 1), weights('g', 1024, 10), weights('h', 10), ...bounds],
  ...[floats('gamma', [4], [1, 0.5, 2, 1]), floats('mean', [4], [0.5, 0.2, 0.4, 0.3])],
  ...[floats('half', [], [0.5]), floats('term', [1, 4, 1, 1], [-0.1, 0.1, -0.2, 0.2])],
  floats('scales', [4], [1, 1, 2, 2]),
  ...[longs('steps', [3], [16, 1, 64]), weights('gw', 1, 12, 64), weights('gr', 1, 12, 4)],
]
const image = { x: [1, 3, 16, 16] }
const graph = (nodes: readonly NodeProto[], opset = 14): ModelProto => model({ inputs: image, nodes, constants, opset })

const pyramid = [
  ...[op('Conv: x w b -> c', pads), op('Relu: c -> r')],
  op('MaxPool: r -> p', { kernel_shape: [2, 2], strides: [2, 2] }),
  ...[op('Conv: p v b -> d', pads), op('Relu: d -> e'), op('Resize: e _ scales -> z', { mode: 'nearest' })],
  ...[op('Add: r z -> a'), op('Conv: a v b -> y', pads)],
]

const squeezeAndExcite = [
  ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('GlobalAveragePool: r -> p')],
  ...[op('Conv: p u b -> e'), op('Sigmoid: e -> s'), op('Mul: s r -> m'), op('Conv: m v b -> y', pads)],
]

/** Each with a group of tensors that takes a zero point, by what writes, reads and passes it on. */
const graphs: Readonly<Record<string, ModelProto>> = {
  'Relu between convolutions': graph([op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v -> y', pads)]),
  'Clip before a convolution without padding': graph([
    ...[op('Conv: x w b -> c', pads), op('Clip: c low high -> r'), op('Conv: r u b -> y')],
  ]),
  'max pool, concat and two readers': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('MaxPool: r -> p', { kernel_shape: [3, 3], ...pads })],
    ...[op('Conv: p v b -> d', pads), op('Relu: d -> e'), op('Conv: p u b -> f'), op('Relu: f -> h0')],
    ...[op('Concat: e h0 -> q', { axis: 1 }), op('Conv: q t b -> y')],
  ]),
  'a skip connection into a concat at another scale, and a linear resize': graph([
    ...[
      op('Conv: x w b -> c', pads),
      op('Relu: c -> r'),
      op('MaxPool: r -> p', { kernel_shape: [2, 2], strides: [2, 2] }),
    ],
    ...[op('Conv: p v b -> d', pads), op('Relu: d -> e'), op('Resize: e _ scales -> z', { mode: 'linear' })],
    ...[op('Concat: r z -> q', { axis: 1 }), op('Conv: q t b -> y')],
  ]),
  'a coarse map added to a finer one': graph(pyramid),
  'hard-swish': graph([op('Conv: x w b -> c', pads), op('HardSwish: c -> r'), op('Conv: r v b -> y', pads)]),
  'a product and its bias': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Flatten: r -> f'), op('MatMul: f g -> m')],
    op('Add: m h -> y'),
  ]),
  'a Gemm': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Flatten: r -> f')],
    op('Gemm: f g h -> y', { beta: { float: 0.5 } }),
  ]),
  'a residual block': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v b -> d', pads), op('Relu: d -> e')],
    ...[op('Conv: e v b -> f', pads), op('Add: f r -> a'), op('Relu: a -> z'), op('Conv: z v b -> y', pads)],
  ]),
  'a difference of two Relus, the second of which makes up for the first': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v b -> d', pads), op('Relu: d -> e')],
    ...[op('Sub: r e -> a'), op('Conv: a v b -> f', pads), op('Conv: r u b -> k'), op('Concat: f k -> y', { axis: 1 })],
  ]),
  'an average pool that counts no padding': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('AveragePool: r -> p', { kernel_shape: [3, 3], ...pads })],
    op('Conv: p v b -> y', pads),
  ]),
  'a mean of two branches': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v b -> d', pads), op('Relu: d -> e')],
    ...[
      op('Mean: r e -> a'),
      op('Conv: a v b -> f', pads),
      op('Conv: r u b -> k'),
      op('Concat: f k -> y', { axis: 1 }),
    ],
  ]),
  'a normalization beside convolutions, summed': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('BatchNormalization: r gamma b mean gamma -> n')],
    ...[op('Conv: r v b -> d', pads), op('Conv: r u b -> f'), op('Add: d f -> s'), op('Add: s n -> a')],
    ...[op('Relu: a -> z'), op('Conv: z v b -> y', pads)],
  ]),
  'a factor and a term between convolutions': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Mul: r half -> m'), op('Add: m term -> n')],
    ...[op('Relu: n -> z'), op('Conv: z v b -> y', pads)],
  ]),
  'a table behind a factor and a term': graph(
    [
      ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Mul: r half -> m'), op('Add: m term -> n')],
      ...[op('Gelu: n -> z'), op('Conv: z v b -> y', pads)],
    ],
    20,
  ),
  'squeeze and excite': graph(squeezeAndExcite),
  'a product with a bound': graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: x w b -> d', pads), op('Sigmoid: d -> s')],
    ...[op('Mul: r s -> m'), op('Clip: m low high -> k'), op('Conv: k v b -> y', pads)],
  ]),
  'opset 10': graph(
    [
      ...[op('Conv: x w b -> c', pads), op('Clip: c -> r', { min: { float: 0 }, max: { float: 6 } })],
      op('Conv: r v b -> y', pads),
    ],
    10,
  ),
}

describe.each(Object.entries(graphs))('zero points folded into biases: %s', (_, proto) => {
  it('changes the float function by no more than rounding', async () => {
    const { folded } = await prepared(proto)
    expect(folded.groups).toBeGreaterThan(0)
    expect(await decibels(proto, folded.proto)).toBeGreaterThan(100)
  })

  it('brings the integer model nearer to the float one, or keeps it where weights make the noise', async () => {
    const { source, plan, thresholds, folded } = await prepared(proto)
    const symmetric = integerModel(solveFixedPoint(plan, thresholds, chip), source, dequantized)
    const asymmetric = integerModel(fixedOf(folded), { ...source, proto: folded.proto }, dequantized)
    expect(await decibels(proto, asymmetric)).toBeGreaterThan((await decibels(proto, symmetric)) + leastGain(proto))
  })

  it('has a QDQ model that is as near', async () => {
    const { source, folded } = await prepared(proto)
    const fixed = fixedOf(folded)
    const integer = await decibels(proto, integerModel(fixed, { ...source, proto: folded.proto }, dequantized))
    const qdq = await decibels(proto, qdqModel(fixed, { ...source, proto: folded.proto }))
    expect(qdq).toBeGreaterThan(integer - 1.5)
  })
})

it.each(Object.entries(graphs))('has its place beside any one operator of 16 bits: %s', async (_, proto) => {
  const { plan: all } = await prepared(proto)
  for (const { name: wide } of all.operators.filter(hasOwnWidth)) {
    const bitsOf = ({ name }: { name: string }) => (name === wide ? 16 : 8)
    const { source, plan, thresholds, folded } = await prepared(proto, 'all', { chip: mixing, bitsOf })
    const held = folded ?? { proto, plan, thresholds }
    expect(await decibels(proto, held.proto), wide).toBeGreaterThan(100)
    const fixed = solveFixedPoint(held.plan, held.thresholds, mixing)
    expect(
      await decibels(proto, integerModel(fixed, { ...source, proto: held.proto }, dequantized)),
      wide,
    ).toBeGreaterThan(25)
  }
})

it('leaves tensors alone among whose values zeros are written', async () => {
  const triangle = graph([
    ...[
      op('Conv: x w b -> c', pads),
      op('Relu: c -> r'),
      op('Trilu: r -> triangle'),
      op('Conv: triangle v b -> y', pads),
    ],
  ])
  expect((await prepared(triangle)).folded).toBeUndefined()
})

it('needs no Pad where padded readers are left alone', async () => {
  const { folded } = await prepared(graphs['max pool, concat and two readers']!, 'unpadded')
  expect(folded.pads).toBe(0)
  expect(folded.groups).toBe(1)
})

it('puts a table before a concatenation only where that may cost something', async () => {
  const graph = graphs['a skip connection into a concat at another scale, and a linear resize']!
  const [all, unpadded] = [await prepared(graph), await prepared(graph, 'unpadded')]
  const added = ({ folded }: { folded: Folded }) =>
    folded.proto.graph.node.filter(({ opType }) => opType === 'Add').length
  expect([all.folded.groups, added(all)]).toEqual([3, 1])
  expect(unpadded.folded).toBeUndefined()
})

it('leaves the scales inside of recurrent layers as they are', async () => {
  const recurrent = graph([
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v b -> d', pads)],
    ...[op('Reshape: d steps -> s'), op('GRU: s gw gr -> q', { hidden_size: 4 }), op('Relu: q -> y')],
  ])
  const { model: lowered } = await optimize({ proto: recurrent, path: '', hash: '' })
  const { plan, thresholds, folded } = await prepared(lowered.proto)
  const inside = plan.groups.filter(({ tensors }) => tensors.every((name) => !plan.groupOf.has(name)))
  expect(inside.length).toBeGreaterThan(0)
  expect(folded.groups).toBe(1)
  for (const { name } of inside) expect(folded.thresholds.get(name)).toBe(thresholds.get(name))
})

it('keeps the sum symmetric, and what it reads, where another reader of the sum needs the true zero', async () => {
  const nodes = [
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v b -> d', pads), op('Relu: d -> e')],
    ...[op('Add: r e -> a'), op('Conv: e u b -> s'), op('Max: a s -> y')],
  ]
  const { folded } = await prepared(graph(nodes))
  expect(folded?.plan.offsets?.has('a')).not.toBe(true)
  // One makes up for the other, so that their sum has the true zero; or both have none.
  const [r = 0, e = 0] = [folded?.plan.offsets?.get('r'), folded?.plan.offsets?.get('e')]
  expect(r + e).toBeCloseTo(0, 5)
})

it('holds the larger factor and the product less constants, with 16 bits between the product and the sum behind it', async () => {
  const { folded } = await prepared(graph(squeezeAndExcite))
  const { offsets, groups } = folded.plan
  expect(folded.sums).toBe(1)
  expect([...offsets!.keys()].filter((name) => ['r', 's', 'm'].includes(name)).sort()).toEqual(['m', 'r'])
  const added = groups.filter(({ tensors: [name] }) => /^m_(product|term)$/.test(name!))
  expect(added.map(({ bits }) => bits)).toEqual([16, 16])
})

it('takes over the zero point of one factor of a product alone, where a model brings one for both', async () => {
  const proto = graphs['a product with a bound']!
  const { source, plan, thresholds, histograms } = await prepared(proto)
  const names = ['r', 's', 'k']
  const wished = new Map(
    names.map((tensor) => {
      const { name } = plan.groupOf.get(tensor)!
      const scale = Math.fround(thresholds.get(name)! / 255)
      return [name, { scale, offset: 128 * scale }] as const
    }),
  )
  const given = { model: source, plan, thresholds, histograms, given: undefined, options: inEightBits }
  const folded = foldZeroPoints({ ...given, oneSided: new Map(), policy: 'all', wished })!
  expect(names.filter((name) => folded.plan.offsets!.has(name))).toEqual(['r', 'k'])
  expect(await decibels(proto, folded.proto)).toBeGreaterThan(100)
})

it('leaves factors and products alone where no Pad and no sum is to be added', async () => {
  const { folded } = await prepared(graph(squeezeAndExcite), 'unpadded')
  expect(folded).toBeUndefined()
})

it('lets an upsampled branch make up for its sum, with a code for zero', async () => {
  const { folded } = await prepared(graph(pyramid))
  const { offsets, groupOf } = folded.plan
  const stepOf = (tensor: string) => folded.thresholds.get(groupOf.get(tensor)!.name)! / 127
  const [fine = 0, coarse = 0] = [offsets?.get('r'), offsets?.get('z')]
  expect(offsets?.get('a')).toBeCloseTo(fine + coarse, 5)
  expect(offsets?.get('e')).toBe(coarse)
  // Its range has its middle at another offset than what the sum leaves for it.
  expect(Math.abs(coarse / stepOf('e'))).not.toBeCloseTo(128, 1)
  expect(coarse / stepOf('e')).toBeCloseTo(Math.round(coarse / stepOf('e')), 3)
})

it('shares what a sum leaves over among all that can make it up, the narrow ones first', async () => {
  const nodes = [
    ...[op('Conv: x w b -> c', pads), op('Relu: c -> r'), op('Conv: r v b -> d', pads), op('Conv: r u b -> f')],
    ...[op('Conv: r s -> n'), op('Sum: d f n -> a'), op('Relu: a -> z'), op('Conv: z v b -> y', pads)],
  ]
  const narrow = floats(
    's',
    [4, 4, 1, 1],
    Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 0.01 : 0)),
  )
  const { folded } = await prepared(model({ inputs: image, nodes, constants: [...constants, narrow], opset: 14 }))
  const { offsets, groupOf } = folded.plan
  const [total, ...shares] = ['z', 'd', 'f', 'n'].map((name) => offsets?.get(name) ?? 0)
  expect(total).toBeGreaterThan(0)
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(total!, 5)
  const [wide, other, least] = ['d', 'f', 'n'].map((name) => folded.thresholds.get(groupOf.get(name)!.name)!)
  expect(least).toBeCloseTo(Math.min(wide!, other!), 1)
})

it('holds means of four integers in steps of which few of them are halves, which the chip rounds down below zero', async () => {
  const pool = { kernel_shape: [2, 2], strides: [2, 2] }
  const nodes = [
    op('Conv: x w b -> c', pads),
    op('Relu: c -> r'),
    op('AveragePool: r -> p', pool),
    op('Conv: p v b -> y'),
  ]
  const { folded } = await prepared(graph(nodes))
  const { offsets } = folded.plan
  expect(offsets?.get('p')).toBe(offsets?.get('r'))
  const [average] = fixedOf(folded).operators.filter(({ kind }) => kind === 'averagepool') as FixedAveragePool[]
  const { multiplier, shift } = average!
  const errors = Array.from({ length: 4 * 128 }, (_, index) => {
    const product = -index * multiplier.data[0]!
    return rshift(product, shift) - product / 2 ** shift
  })
  expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(1 / 64)
})

it('leaves an average pool alone that counts its padding', async () => {
  const { folded } = await prepared(
    graph([
      ...[op('Conv: x w b -> c', pads), op('Relu: c -> r')],
      op('AveragePool: r -> p', { kernel_shape: [3, 3], count_include_pad: 1, ...pads }),
      op('Conv: p v b -> y', pads),
    ]),
  )
  expect(folded).toBeUndefined()
})

it('leaves what a logarithm reads, and what that is summed from, and not what is before another function', async () => {
  const powers = (last: string) => {
    const squared = [
      op('Conv: x w b -> c', pads),
      op('Mul: c c -> r'),
      op('Conv: c v b -> d', pads),
      op('Relu: d -> e'),
    ]
    return graph([
      ...squared,
      op('Add: r e -> p'),
      op('Relu: p -> q'),
      op('Conv: q u -> m'),
      op('Softplus: m -> k'),
      op(`${last}: k -> y`),
    ])
  }
  expect((await prepared(powers('Abs'))).folded.groups).toBeGreaterThan(0)
  expect((await prepared(powers('Log'))).folded).toBeUndefined()
})

it('meets every sum of residual nets, whatever their order', async () => {
  const layers = fc.array(fc.record({ from: fc.nat(), with: fc.nat(), relu: fc.boolean(), conv: fc.boolean() }), {
    minLength: 2,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(layers, async (given) => {
      const made = ['t0']
      const nodes = [op('Conv: x w b -> c', pads), op('Relu: c -> t0')]
      for (const [i, layer] of given.entries()) {
        const [from, other] = [made[layer.from % made.length]!, made[layer.with % made.length]!]
        nodes.push(
          op(layer.conv ? `Conv: ${from} v b -> s${i}` : `Add: ${from} ${other} -> s${i}`, layer.conv ? pads : {}),
        )
        if (layer.relu) nodes.push(op(`Relu: s${i} -> t${i + 1}`))
        made.push(layer.relu ? `t${i + 1}` : `s${i}`)
      }
      nodes.push(op(`Conv: ${made.at(-1)} v b -> y`, pads))
      const proto = graph(nodes)
      const { folded } = await prepared(proto)
      if (folded !== undefined) expect(await decibels(proto, folded.proto)).toBeGreaterThan(95)
    }),
    { numRuns: 25 },
  )
})

/** Decibels. With a thousand weights a sum, it is their rounding that counts. */
const leastGain = ({ graph }: ModelProto) => (graph.node.some(({ opType }) => opType === 'Flatten') ? -0.2 : 0.5)

const dequantized = { outputDequant: true, allLayers: false }

type Folded = NonNullable<ReturnType<typeof foldZeroPoints>>

const fixedOf = ({ plan, thresholds }: Folded) => solveFixedPoint(plan, thresholds, chip)

async function prepared(proto: ModelProto, policy: 'all' | 'unpadded' = 'all', options = inEightBits) {
  const source: Model = { proto, path: '', hash: '' }
  const plan = makePlan(source, await shapesFor(source, samples[0]!), options)
  const session = await createSession(encodeModel(exposeAll(proto)))
  const runs: Record<string, { data: unknown }>[] = []
  for (const feeds of samples) runs.push({ ...feeds, ...(await session.run(feeds)) })
  const histograms = new Map(
    plan.groups.map(({ name, sources }) => {
      const values = runs.flatMap((run) => sources.flatMap((one) => [...(run[one]!.data as Float32Array)]))
      return [name, histogramOf(values)] as const
    }),
  )
  const thresholds = new Map([...histograms].map(([name, { min, max }]) => [name, Math.max(-min, max)]))
  const folded = foldZeroPoints({
    ...{ model: source, plan, thresholds, histograms, policy, given: undefined, options },
    oneSided: new Map([...thresholds].filter(([name]) => histograms.get(name)!.min >= 0)),
  })
  return { source, plan, thresholds, histograms, folded: folded! }
}

/** Signal to noise of a model's output beside that of another. */
async function decibels(reference: ModelProto, other: ModelProto): Promise<number> {
  const [left, right] = [await createSession(encodeModel(reference)), await createSession(encodeModel(other))]
  let [signal, noise] = [0, 1e-30]
  for (const feeds of samples) {
    const wanted = (await left.run(feeds)).y!.data as Float32Array
    const made = (await right.run(feeds)).y!.data as Float32Array
    wanted.forEach((value, i) => {
      signal += value ** 2
      noise += (made[i]! - value) ** 2
    })
  }
  return 10 * Math.log10(signal / noise)
}
