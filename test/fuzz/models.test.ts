// Models that are odd but whole: constants, attributes, names and edges are others than the exporter's. What squire takes, it leaves the function of:
// the optimized float model loads, runs and gives what the source gives. SQUIRE_FUZZ=20000 makes that many cases.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { SquireError } from '../../src/errors.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { floatValues, makeTensor, tensorDims } from '../../src/onnx/tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../../src/onnx/types.js'
import { temporaryFolder } from '../e2e/squire.js'
import { feedsFor, floats, largestDifference, longs, model, node } from '../onnx/models.js'
import { Random } from './mutate.js'

const cases = Number(process.env.SQUIRE_FUZZ ?? 60)
const only = process.env.SQUIRE_FUZZ_CASE
const firstSeed = Number(process.env.SQUIRE_SEED ?? 1) * 1_000_000
const folder = temporaryFolder()
const counts = { cases: 0, refused: 0, notRun: 0, same: 0 }
afterAll(() => console.log(`fuzz: models that run ${JSON.stringify(counts)}`))

const seeds: readonly ModelProto[] = [
  model({
    inputs: { x: [1, 2, 5, 5] },
    nodes: [
      node(
        'Conv',
        ['x', 'w', 'b'],
        ['c'],
        [makeAttribute('pads', [1, 1, 1, 1]), makeAttribute('strides', [2, 1])],
        'conv',
      ),
      node('BatchNormalization', ['c', 's', 'b', 'm', 'v'], ['n'], [makeAttribute('epsilon', { float: 1e-5 })], 'norm'),
      node('Mul', ['n', 's2'], ['k'], [], 'mul'),
      node('Relu', ['k'], ['r'], [], 'relu'),
      node('MaxPool', ['r'], ['p'], [makeAttribute('kernel_shape', [2, 2])], 'pool'),
      node('Reshape', ['p', 'shape'], ['f'], [], 'reshape'),
      node('Gemm', ['f', 'g'], ['y'], [makeAttribute('transB', 1), makeAttribute('alpha', { float: 0.5 })], 'gemm'),
    ],
    constants: [
      ...[floats('w', [2, 2, 3, 3]), floats('b', [2]), floats('s', [2]), floats('m', [2]), floats('v', [2], [0.5, 2])],
      ...[floats('s2', [1, 2, 1, 1]), longs('shape', [2], [1, -1]), floats('g', [3, 16])],
    ],
  }),
  model({
    inputs: { x: [1, 3, 4, 4] },
    nodes: [
      node('Identity', ['x'], ['i'], [], 'identity'),
      node('Add', ['i', 'three'], ['a'], [], 'add'),
      node('Clip', ['a', 'zero', 'six'], ['c'], [], 'clip'),
      node('Div', ['c', 'six'], ['d'], [], 'div'),
      node('Mul', ['x', 'd'], ['h'], [], 'swish'),
      node('Transpose', ['h'], ['t'], [makeAttribute('perm', [0, 2, 3, 1])], 'transpose'),
      node('ReduceMean', ['t'], ['e'], [makeAttribute('axes', [1, 2]), makeAttribute('keepdims', 0)], 'mean'),
      node('Concat', ['e', 'e'], ['y'], [makeAttribute('axis', 1)], 'concat'),
    ],
    constants: [floats('three', [], [3]), floats('zero', [], [0]), floats('six', [], [6])],
  }),
]

const integers = [0, 1, 2, 3, 5, -1, -2, 100, 2 ** 31]
const values = [0, -0, 1, -1, 1e-40, 1e30, -3.4e38, 0.1, Number.NaN, Number.POSITIVE_INFINITY]

type Odd = (proto: ModelProto, random: Random) => ModelProto

const withNode = (proto: ModelProto, at: number, change: (node: NodeProto) => NodeProto): ModelProto => ({
  ...proto,
  graph: { ...proto.graph, node: proto.graph.node.map((one, i) => (i === at ? change(one) : one)) },
})

const oddities: readonly Odd[] = [
  // An attribute is another number.
  (proto, random) =>
    withNode(proto, random.below(proto.graph.node.length), (one) => {
      if (one.attribute.length === 0) return one
      const at = random.below(one.attribute.length)
      const attribute = one.attribute.map((old, i) => {
        if (i !== at) return old
        if (old.ints !== undefined)
          return makeAttribute(
            old.name,
            old.ints.map(() => random.oneOf(integers)),
          )
        return makeAttribute(old.name, old.f === undefined ? random.oneOf(integers) : { float: random.oneOf(values) })
      })
      return { ...one, attribute }
    }),
  // A constant has another value, or another shape.
  (proto, random) => {
    const initializer = proto.graph.initializer.map((tensor): TensorProto => {
      if (random.below(4) > 0 || tensor.dataType !== DataType.FLOAT) return tensor
      const data = Float32Array.from(floatValues(tensor))
      if (data.length > 0) data[random.below(data.length)] = random.oneOf(values)
      const dims = tensorDims(tensor)
      return makeTensor(tensor.name, DataType.FLOAT, random.below(3) === 0 ? [...dims, 1] : dims, data)
    })
    return { ...proto, graph: { ...proto.graph, initializer } }
  },
  // An input comes from elsewhere.
  (proto, random) => {
    const names = [
      ...proto.graph.node.flatMap(({ output }) => output),
      ...proto.graph.initializer.map(({ name }) => name),
      'x',
      '',
    ]
    return withNode(proto, random.below(proto.graph.node.length), (one) => {
      const at = random.below(one.input.length)
      return { ...one, input: one.input.map((name, i) => (i === at ? random.oneOf(names) : name)) }
    })
  },
  // The operator is another.
  (proto, random) =>
    withNode(proto, random.below(proto.graph.node.length), (one) => ({
      ...one,
      opType: random.oneOf(['Add', 'Mul', 'Sub', 'Div', 'Relu', 'Identity', 'Neg', 'Sqrt', 'Transpose', 'Sigmoid']),
    })),
  // Nodes stand in another order, or one twice.
  (proto, random) => ({
    ...proto,
    graph: { ...proto.graph, node: [...proto.graph.node].sort(() => random.below(3) - 1) },
  }),
  // A tensor inside is an output, too.
  (proto, random) => {
    const name = random.oneOf(proto.graph.node).output[0]!
    const known = proto.graph.output.some((output) => output.name === name)
    return {
      ...proto,
      graph: { ...proto.graph, output: known ? proto.graph.output : [...proto.graph.output, { name }] },
    }
  },
  (proto, random) => ({ ...proto, opsetImport: [{ domain: '', version: random.oneOf([9, 11, 13, 17, 21]) }] }),
]

async function outcomeOf(proto: ModelProto) {
  const session = await createSession(encodeModel(proto))
  try {
    return await session.run(feedsFor(proto))
  } finally {
    await session.release()
  }
}

/** undefined where the model is refused. */
async function optimizedOf(path: string, seed: number): Promise<ModelProto | undefined> {
  try {
    return (await optimize(await readModel(path))).model.proto
  } catch (error) {
    if (error instanceof SquireError) counts.refused++
    else throw new Error(`SQUIRE_FUZZ_CASE=${seed}: ${(error as Error).stack}`, { cause: error })
    return undefined
  }
}

test('a model that is taken keeps its function', { timeout: 3_600_000 }, async () => {
  const first = only === undefined ? firstSeed : Number(only)
  for (let seed = first; seed < first + (only === undefined ? cases : 1); seed++) {
    const random = new Random(seed)
    let proto = random.oneOf(seeds)
    for (let left = 1 + random.below(3); left > 0; left--) proto = random.oneOf(oddities)(proto, random)
    const path = join(folder, 'm.onnx')
    writeFileSync(path, encodeModel(proto))
    counts.cases++
    const source = await outcomeOf(proto).catch(() => undefined)
    if (source === undefined) counts.notRun++
    const optimized = await optimizedOf(path, seed)
    if (optimized === undefined || source === undefined) continue
    const result = await outcomeOf(optimized)
    expect(Object.keys(result), `seed ${seed}`).toEqual(Object.keys(source))
    const finite = Object.values(source).every(({ data }) => (data as Float32Array).every(Number.isFinite))
    if (finite) expect(largestDifference(source, result, 1e-3), `seed ${seed}`).toBeLessThan(1e-3)
    counts.same++
  }
})
