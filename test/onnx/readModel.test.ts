import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SquireError } from '../../src/errors.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { encodeModel, modelInputs, opsetOf, readModel } from '../../src/onnx/model.js'
import { makeGraph, makeValueInfo } from '../../src/onnx/node.js'
import { DataType, type ModelProto, type NodeProto } from '../../src/onnx/types.js'
import { temporaryFolder } from './folder.js'
import { floats, model, node } from './models.js'

const at = temporaryFolder()
const relu = model({ nodes: [node('Relu', ['x'], ['y'], [], 'relu')] })

function write(content: Uint8Array | string, name = 'model.onnx'): string {
  writeFileSync(at(name), content)
  return at(name)
}

async function failure(file: string): Promise<SquireError> {
  const error = await readModel(file).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SquireError)
  return error as SquireError
}

const failureOf = (proto: ModelProto) => failure(write(encodeModel(proto)))

describe('readModel', () => {
  it('gives the model, its absolute path and the SHA-256 of the file', async () => {
    const bytes = encodeModel(relu)
    const read = await readModel(write(bytes))
    expect(read).toEqual({
      proto: relu,
      path: at('model.onnx'),
      hash: createHash('sha256').update(bytes).digest('hex'),
    })
  })

  it('lists the inputs a caller feeds, with named and unnamed dynamic dimensions', async () => {
    const proto = model({
      nodes: [],
      inputs: { x: ['batch', 3, ''], scalar: [], w: [2] },
      constants: [floats('w', [2])],
    })
    proto.graph.input[0]!.type!.tensorType!.shape!.dim[2] = { dimValue: -1 }
    expect(modelInputs(proto)).toEqual([
      { name: 'x', dataType: DataType.FLOAT, dims: ['batch', 3, ''] },
      { name: 'scalar', dataType: DataType.FLOAT, dims: [] },
    ])
  })
})

describe('a file that is no model', () => {
  it('is missing', async () => {
    const error = await failure(at('missing.onnx'))
    expect(error.code).toBe('MODEL')
    expect(error.message).toMatch(
      /^cannot read model ".*missing\.onnx": no such file; give the path of an \.onnx file$/,
    )
  })

  it('is a folder', async () => {
    mkdirSync(at('folder.onnx'))
    expect((await failure(at('folder.onnx'))).message).toContain('is a folder, expected a regular file')
  })

  it('is empty', async () => {
    expect((await failure(write(''))).message).toContain('it is empty')
  })

  const foreign: readonly [string, Uint8Array | string][] = [
    ['random bytes', Uint8Array.from({ length: 999 }, (_, i) => (i * 131 + 77) % 256)],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
    ['a text', 'hello, this is a text\n'],
    ['JSON', '{"model": 1}'],
    ['a zip', 'PK\u0003\u0004abcdefgh'],
  ]
  it.each(foreign)('is %s', async (_, content) => {
    expect((await failure(write(content))).message).toMatch(/is not an ONNX model: give the path of an \.onnx file$/)
  })

  it('is a Git LFS pointer', async () => {
    const error = await failure(write('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'))
    expect(error.message).toContain('git lfs pull')
  })

  it('is cut short, wherever', async () => {
    const bytes = encodeModel(relu)
    for (const length of [bytes.length - 1, bytes.length >> 1, 12]) {
      expect((await failure(write(bytes.subarray(0, length)))).message).toContain(`is cut short after ${length} bytes`)
    }
  })

  it('is damaged inside', async () => {
    const bytes = encodeModel(relu)
    // The graph's first node claims to be longer than the graph.
    const start = Buffer.from(bytes).indexOf(Buffer.of(0x0a, 1, 0x78)) - 1
    const error = await failure(write(bytes.with(start, 0x7f)))
    expect(error.message).toMatch(/is not a complete ONNX model \(.+\): export or download it again/)
  })

  it('has no graph', async () => {
    const error = await failure(write(Uint8Array.of(0x08, 8, 0x42, 2, 0x10, 13)))
    expect(error.message).toContain('is not a complete ONNX model (it has no graph)')
  })
})

describe('a model squire does not take', () => {
  it.each([2, 14])('has IR version %i', async (irVersion) => {
    expect((await failureOf({ ...relu, irVersion })).message).toContain(
      `has ONNX IR version ${irVersion}, expected 3 to 13, what the runtime reads; export it`,
    )
  })

  it.each([3, 13])('but has IR version %i, which it takes', async (irVersion) => {
    const read = await readModel(write(encodeModel({ ...relu, irVersion })))
    expect(read.proto.irVersion).toBe(irVersion)
  })

  it.each([0, 27])('uses opset %i', async (version) => {
    const error = await failureOf({ ...relu, opsetImport: [{ domain: 'ai.onnx', version }] })
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message).toContain(
      `uses opset ${version} of ai.onnx, expected 1 to 26; export it with an opset_version`,
    )
  })

  it.each([1, 26])('but uses opset %i, which it takes', async (version) => {
    const read = await readModel(write(encodeModel({ ...relu, opsetImport: [{ domain: 'ai.onnx', version }] })))
    expect(opsetOf(read.proto)).toBe(version)
  })

  it('imports no standard operator set', async () => {
    const error = await failureOf({ ...relu, opsetImport: [{ domain: 'ai.onnx.ml', version: 3 }] })
    expect(error.message).toContain('imports no version of the operator set ai.onnx')
  })

  it('has operators outside the standard, all named at once with their nodes, subgraphs included', async () => {
    const custom = (opType: string, domain: string, name: string, output: string): NodeProto => ({
      ...node(opType, ['x'], [output], [], name),
      domain,
    })
    const inner = makeGraph({
      nodes: [custom('Scaler', 'ai.onnx.ml', 'deep', 'd')],
      inputs: [],
      outputs: [makeValueInfo('d', 1, [])],
    })
    const nodes = [
      custom('Magic', '', 'one', 'a'),
      custom('Magic', '', '', 'b'),
      custom('Relu', 'com.example', 'three', 'c'),
      node('Gelu', ['x'], ['e'], [], 'gelu'),
      node('If', ['x'], ['y'], [makeAttribute('then_branch', inner), makeAttribute('else_branch', inner)]),
    ]
    const error = await failureOf(model({ nodes, opset: 13 }))
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message.split('\n').slice(1)).toEqual([
      '  Magic, not an ONNX operator: node "one", number 1, which writes "b"',
      '  Relu of domain com.example: node "three"',
      '  Gelu, which came with opset 20 (the model uses 13): node "gelu"',
      '  Scaler of domain ai.onnx.ml: node "deep", "deep"',
    ])
  })

  it('has no outputs, or one that nothing writes', async () => {
    const outputs = (output: typeof relu.graph.output) => ({ ...relu, graph: { ...relu.graph, output } })
    expect((await failureOf(outputs([]))).message).toContain('has no outputs; export it again')
    const other = relu.graph.output.map((one) => ({ ...one, name: 'z' }))
    expect((await failureOf(outputs(other))).message).toContain(
      'has an output "z" that no node writes; export it again',
    )
  })

  it('has an input that is no tensor, or a tensor of text', async () => {
    const sequence = structuredClone(relu)
    sequence.graph.input[0]!.type = {}
    expect((await failureOf(sequence)).message).toBe(
      'model input "x" is not a tensor; squire feeds numeric tensors only',
    )
    const text = structuredClone(relu)
    text.graph.input[0]!.type!.tensorType!.elemType = DataType.STRING
    expect((await failureOf(text)).message).toContain('model input "x" has STRING (8)')
  })
})
