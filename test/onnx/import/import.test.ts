import { describe, expect, it } from 'vitest'
import { toInputTensor } from '../../../src/dataset/tensors/inputTensor.js'
import { makeAttribute, subgraphs } from '../../../src/onnx/attribute.js'
import { toFloat16 } from '../../../src/onnx/elements/float16.js'
import { importModel, inSinglePrecision } from '../../../src/onnx/import/index.js'
import { modelInputs } from '../../../src/onnx/model.js'
import { makeGraph, makeValueInfo } from '../../../src/onnx/node.js'
import { makeTensor } from '../../../src/onnx/tensor.js'
import { DataType, type FunctionProto, type ModelProto, type NodeProto } from '../../../src/onnx/types.js'
import { asModel, feedsFor, floats, largestDifference, longs, model, node, operators, runModel } from '../models.js'

const imported = (proto: ModelProto) => importModel(asModel(proto))
const own = (one: NodeProto): NodeProto => ({ ...one, domain: 'own' })
const contrib = (one: NodeProto): NodeProto => ({ ...one, domain: 'com.microsoft' })

const called = (parts: Partial<FunctionProto>): FunctionProto => ({
  ...{ name: 'F', domain: 'own', input: ['a'], output: ['b'], attribute: [], attributeProto: [], node: [] },
  opsetImport: [
    { domain: '', version: 13 },
    { domain: 'own', version: 1 },
  ],
  ...parts,
})

function calling(nodes: readonly NodeProto[], functions: FunctionProto[], outputs?: string[]): ModelProto {
  const proto = model({ nodes, ...(outputs && { outputs }) })
  return { ...proto, opsetImport: [...proto.opsetImport, { domain: 'own', version: 1 }], functions }
}

describe('functions of the model', () => {
  const inner = called({ name: 'G', node: [node('Relu', ['a'], ['t']), node('Add', ['t', 'a'], ['b'])] })
  const outer = called({ node: [own(node('G', ['a'], ['t'])), own(node('G', ['t'], ['b']))] })

  it('are inlined, calls inside calls too, each under names of its own', async () => {
    const proto = calling([own(node('F', ['x'], ['m'])), own(node('F', ['m'], ['y']))], [outer, inner])
    const { model: result, log } = imported(proto)
    expect(operators(result.proto)).toEqual(['Relu', 'Add', 'Relu', 'Add', 'Relu', 'Add', 'Relu', 'Add'])
    expect(result.proto.functions).toBeUndefined()
    expect(log).toEqual(["calls of the model's own functions inlined: 6"])
    expect(largestDifference(await runModel(proto), await runModel(result.proto))).toBe(0)
  })

  it('get the attributes of the call or their own, in subgraphs too; an input may be left out', async () => {
    const body = makeGraph({
      nodes: [{ ...node('LeakyRelu', ['a'], ['d']), attribute: [{ name: 'alpha', type: 1, refAttrName: 'slope' }] }],
      inputs: [],
      outputs: [makeValueInfo('d', DataType.FLOAT)],
    })
    const branches = [makeAttribute('then_branch', body), makeAttribute('else_branch', body)]
    const sloped = called({
      input: ['a', 'most'],
      attributeProto: [makeAttribute('slope', { float: 0.5 })],
      node: [
        node('Constant', [], ['yes'], [makeAttribute('value', makeTensor('', DataType.BOOL, [], Uint8Array.of(1)))]),
        node('If', ['yes'], ['i'], branches),
        node('Clip', ['i', '', 'most'], ['b']),
      ],
    })
    const nodes = [
      own(node('F', ['x'], ['y'])),
      own(node('F', ['x', ''], ['u'], [makeAttribute('slope', { float: 0.25 })])),
    ]
    const proto = calling(nodes, [sloped], ['y', 'u'])
    const { proto: result } = imported(proto).model
    expect(largestDifference(await runModel(proto), await runModel(result))).toBe(0)
  })

  it('may return an input as it came', () => {
    const passing = called({ input: ['a', 'c'], output: ['c', 'b'], node: [node('Add', ['a', 'c'], ['b'])] })
    const { proto } = imported(calling([own(node('F', ['x', 'x'], ['y', 'z']))], [passing], ['y', 'z'])).model
    expect(proto.graph.node.map(({ opType, input, output }) => [opType, input, output])).toEqual([
      ['Add', ['x', 'x'], ['z']],
      ['Identity', ['x'], ['y']],
    ])
  })

  it('may not call themselves, or be of another opset', () => {
    const endless = called({ node: [own(node('F', ['a'], ['b']))] })
    const call = own(node('F', ['x'], ['y'], [], 'first'))
    expect(() => imported(calling([call], [endless]))).toThrow('function "F", called by node "first')
    const old = called({ node: [node('Relu', ['a'], ['b'])], opsetImport: [{ domain: '', version: 9 }] })
    expect(() => imported(calling([call], [old]))).toThrow('uses opset 9 of ai.onnx, the model 13')
  })
})

describe('other precisions', () => {
  const half = (name: string, values: readonly number[]) =>
    makeTensor(name, DataType.FLOAT16, [values.length], Uint16Array.from(values, toFloat16))

  it('become float32: inputs, outputs, constants and casts, in subgraphs too', async () => {
    const body = makeGraph({
      nodes: [node('Cast', ['i'], ['c'], [makeAttribute('to', DataType.FLOAT16)]), node('Add', ['c', 'k'], ['d'])],
      initializers: [half('k', [0.5])],
      inputs: [],
      outputs: [makeValueInfo('d', DataType.FLOAT16)],
    })
    const proto = model({
      nodes: [
        node('Mul', ['x', 'w'], ['i']),
        node('If', ['q'], ['y'], [makeAttribute('then_branch', body), makeAttribute('else_branch', body)]),
      ],
      constants: [half('w', [1, 2, 3, 4]), makeTensor('q', DataType.BOOL, [], Uint8Array.of(1))],
    })
    for (const { type } of [...proto.graph.input, ...proto.graph.output]) type!.tensorType!.elemType = DataType.FLOAT16
    const { model: result, log } = imported(proto)
    expect(log).toEqual(['the model is in FLOAT16 (10): converted to float32, its inputs and outputs too'])
    const [input] = modelInputs(result.proto)
    const given = {
      data: Uint16Array.from({ length: 48 }, (_, i) => toFloat16(i / 4)),
      dims: [1, 3, 4, 4],
      type: 'float16',
    } as const
    const fed = toInputTensor(given, input!, { where: 'sample', index: 0 })
    expect(fed).toEqual({ type: 'float32', dims: given.dims, data: Float32Array.from({ length: 48 }, (_, i) => i / 4) })
    expect(() => toInputTensor({ ...given, type: 'uint16' }, input!, { where: 'sample', index: 0 })).toThrow('(uint16)')
    const { y } = await runModel(result.proto)
    const { x } = feedsFor(result.proto)
    expect(y!.type).toBe('float32')
    expect(Array.from(y!.data as Float32Array)).toEqual(
      Array.from(x!.data as Float32Array, (value, i) => Math.fround(Math.fround(value * ((i % 4) + 1)) + 0.5)),
    )
  })

  it('of weights alone leaves inputs and outputs what they are', () => {
    const { log } = imported(
      model({
        nodes: [node('Cast', ['w'], ['c'], [makeAttribute('to', DataType.FLOAT)]), node('Mul', ['x', 'c'], ['y'])],
        constants: [half('w', [1, 2, 3, 4])],
      }),
    )
    expect(log).toEqual(['the model is in FLOAT16 (10): converted to float32'])
  })

  it('of inputs become float32 where nothing in the model is', () => {
    const proto = model({ nodes: [node('Add', ['x', 'x'], ['y'])], opset: 14 })
    for (const { type } of [...proto.graph.input, ...proto.graph.output]) type!.tensorType!.elemType = DataType.DOUBLE
    expect(imported(proto).log).toEqual([
      'the model is in DOUBLE (11): converted to float32, its inputs and outputs too',
    ])
  })

  it.each([DataType.BFLOAT16, DataType.DOUBLE])('of type %i become float32 inside of functions too', async (type) => {
    const data = type === DataType.DOUBLE ? Float64Array.of(1, 2, 3, 4) : Uint16Array.of(0x3f80, 0x4000, 0x4040, 0x4080)
    const weights = makeTensor('', type, [4], data)
    const body = [node('Constant', [], ['w'], [makeAttribute('value', weights)]), node('Mul', ['a', 'w'], ['b'])]
    const proto = calling([own(node('F', ['x'], ['y']))], [called({ node: body })])
    for (const { type: info } of [...proto.graph.input, ...proto.graph.output]) info!.tensorType!.elemType = type
    const { model: result, log } = inSinglePrecision(asModel(proto))
    expect(log.at(-1)).toMatch(/^the model is in (BFLOAT16|DOUBLE) .*converted to float32/)
    const { y } = await runModel(result.proto)
    const { x } = feedsFor(result.proto)
    expect(Array.from(y!.data as Float32Array)).toEqual(
      Array.from(x!.data as Float32Array, (value, i) => Math.fround(value * ((i % 4) + 1))),
    )
  })

  it('inside of a model of float32 inputs stay where it runs as it is', () => {
    const doubles = makeTensor('d', DataType.DOUBLE, [4], new Float64Array(4))
    const proto = model({ nodes: [node('Relu', ['x'], ['y'])], constants: [doubles] })
    expect(inSinglePrecision(asModel(proto))).toEqual({ model: asModel(proto), log: [] })
  })

  it('stay where no weight has them', () => {
    const nodes = [
      node('Cast', ['x'], ['d'], [makeAttribute('to', DataType.DOUBLE)], 'cast'),
      node('Floor', ['d'], ['y'], [], 'floor'),
    ]
    const proto = model({ nodes, constants: [longs('n', [1], [1])] })
    expect(imported(proto)).toEqual({ model: asModel(proto), log: [] })
  })
})

describe('operators of ONNX Runtime', () => {
  const attribute = makeAttribute
  const cases: Readonly<Record<string, readonly [NodeProto, readonly string[], number?]>> = {
    'FusedConv with a clip': [
      node(
        'FusedConv',
        ['x', 'w', 'b'],
        ['y'],
        [attribute('activation', 'Clip'), attribute('activation_params', { floats: [0, 1] })],
      ),
      ['Conv', 'Clip'],
    ],
    'FusedConv with something added': [
      node(
        'FusedConv',
        ['x', 'w', 'b', 'added'],
        ['y'],
        [attribute('activation', 'LeakyRelu'), attribute('activation_params', { floats: [0.2] })],
      ),
      ['Conv', 'Add', 'LeakyRelu'],
    ],
    'FusedGemm with a slope': [
      node(
        'FusedGemm',
        ['r', 'm'],
        ['y'],
        [attribute('activation', 'LeakyRelu'), attribute('activation_alpha', { float: 0.3 })],
      ),
      ['Gemm', 'LeakyRelu'],
    ],
    Gelu: [node('Gelu', ['x'], ['y']), ['Div', 'Erf', 'Add', 'Mul', 'Mul']],
    'Gelu of a late opset': [node('Gelu', ['x'], ['y']), ['Gelu'], 20],
    BiasGelu: [node('BiasGelu', ['x', 'row'], ['y']), ['Add', 'Div', 'Erf', 'Add', 'Mul', 'Mul']],
    FastGelu: [
      node('FastGelu', ['x', 'row'], ['y']),
      ['Add', 'Mul', 'Mul', 'Mul', 'Add', 'Mul', 'Tanh', 'Add', 'Mul', 'Mul'],
    ],
    QuickGelu: [node('QuickGelu', ['x'], ['y'], [attribute('alpha', { float: 1.5 })]), ['Mul', 'Sigmoid', 'Mul']],
  }

  it.each(Object.entries(cases))('%s', async (_, [one, expected, opset = 13]) => {
    const constants = [
      floats('w', [3, 3, 1, 1]),
      floats('b', [3]),
      floats('added', [1, 3, 4, 4]),
      floats('row', [4]),
      floats('r', [2, 4]),
      floats('m', [4, 4]),
    ]
    const proto = model({ nodes: [contrib(one)], constants, opset })
    const { proto: result } = imported(proto).model
    expect(operators(result)).toEqual(expected)
    expect(largestDifference(await runModel(proto), await runModel(result))).toBeLessThan(1e-6)
  })

  it.each([
    ['SkipLayerNormalization', ['x', 'skip', 'g', 'b', 'row'], 17, 'LayerNormalization'],
    ['SkipLayerNormalization', ['x', 'skip', 'g', 'b', 'row'], 13, 'LayerNormalization'],
    ['SkipSimplifiedLayerNormalization', ['x', 'skip', 'g', 'row'], 13, 'SimplifiedLayerNormalization'],
  ])('%s of %s in opset %i, its sum too', async (type, inputs, opset, expected) => {
    const nodes = [contrib(node(type, inputs, ['y', '', '', 's']))]
    const constants = [floats('skip', [1, 5, 8]), floats('g', [8]), floats('b', [8]), floats('row', [8])]
    const proto = model({ nodes, constants, inputs: { x: [1, 5, 8] }, outputs: ['y', 's'], opset })
    const { proto: result } = imported(proto).model
    expect(operators(result)).toEqual(['Add', 'Add', expected])
    expect(largestDifference(await runModel(proto), await runModel(result))).toBeLessThan(1e-5)
  })

  it.each([13, 11])('EmbedLayerNormalization in opset %i, how long sequences are too', async (opset) => {
    const whole = (name: string, values: readonly number[]) =>
      makeTensor(name, DataType.INT32, [2, 3], Int32Array.from(values))
    const inputs = ['ids', 'kinds', 'words', 'places', 'segments', 'g', 'b', 'mask']
    const nodes = [contrib(node('EmbedLayerNormalization', inputs, ['e', 'n'])), node('Add', ['e', 'x'], ['y'])]
    const constants = [
      ...[whole('ids', [0, 4, 2, 1, 1, 3]), whole('kinds', [0, 0, 1, 1, 1, 0]), whole('mask', [1, 1, 0, 1, 1, 1])],
      ...[floats('words', [5, 4]), floats('places', [6, 4]), floats('segments', [2, 4]), floats('g', [4])],
      floats('b', [4]),
    ]
    const proto = model({ nodes, constants, inputs: { x: [2, 3, 4] }, outputs: ['y', 'n'], opset })
    proto.graph.output[1]!.type!.tensorType!.elemType = DataType.INT32
    const { proto: result } = imported(proto).model
    expect(operators(result)).not.toContain('EmbedLayerNormalization')
    expect(largestDifference(await runModel(proto), await runModel(result))).toBeLessThan(1e-5)
  })

  it('that have no such form are left as they are', () => {
    const nodes = [contrib(node('FusedConv', ['x', 'w'], ['y'], [attribute('activation', 'Other')], 'conv'))]
    const proto = model({ nodes, constants: [floats('w', [3, 3, 1, 1])] })
    expect(imported(proto)).toEqual({ model: asModel(proto), log: [] })
  })
})

describe('node names', () => {
  it('are unique: the first keeps its name, one without gets that of its operator and output', () => {
    const named = (name: string, from: string, to: string) => node('Relu', [from], [to], [], name)
    const nodes = [
      named('a', 'x', 'b'),
      named('a', 'b', 'c'),
      named('', 'c', 'd'),
      named('a_1', 'd', 'e'),
      named('a', 'e', 'y'),
    ]
    const { proto } = imported(model({ nodes })).model
    expect(proto.graph.node.map(({ name }) => name)).toEqual(['a', 'a_2', 'Relu_d', 'a_1', 'a_3'])
  })
})

describe('names inside of nodes', () => {
  /** h' = Relu(h - x), shown as a sequence. */
  const steps = makeGraph({
    name: 'steps',
    nodes: [
      node('Sub', ['h', 'e'], ['t'], [], 'step'),
      node('Relu', ['t'], ['after'], [], 'relu'),
      node('Identity', ['after'], ['shown']),
    ],
    inputs: [makeValueInfo('h', DataType.FLOAT, [3]), makeValueInfo('e', DataType.FLOAT, [3])],
    outputs: [makeValueInfo('after', DataType.FLOAT, [3]), makeValueInfo('shown', DataType.FLOAT, [3])],
  })
  const attributes = [makeAttribute('body', steps), makeAttribute('num_scan_inputs', 1)]

  it('are unique through all graphs, as two bodies with the same names are two', async () => {
    const proto = model({
      inputs: { x: [4, 3] },
      nodes: [
        node('Scan', ['first', 'x'], ['last_1', 'a'], attributes, 'step'),
        node('Scan', ['first', 'a'], ['last_2', 'y'], attributes, 'two'),
      ],
      constants: [floats('first', [3], [1, 2, 3])],
    })
    const { proto: result } = imported(proto).model
    const bodies = result.graph.node.map((one) => subgraphs(one)[0]!)
    const [one, two] = bodies.map(({ node }) => node.flatMap(({ output }) => output))
    expect(one).toEqual(['t', 'after', 'shown'])
    expect(two).toEqual(['t_1', 'after_1', 'shown_1'])
    expect(bodies.map(({ node }) => node[0]!.name)).toEqual(['step_1', 'step_2'])
    expect(largestDifference(await runModel(proto), await runModel(result))).toBe(0)
  })
})
