import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { encodeMessage } from '../../../src/onnx/file/schema.js'
import { decodeModel, encodeModel, readModel, writeModel } from '../../../src/onnx/model.js'
import { createSession } from '../../../src/onnx/runtime/session.js'
import { makeTensor, tensorData } from '../../../src/onnx/tensor.js'
import { DataType, type ModelProto } from '../../../src/onnx/types.js'
import { temporaryFolder } from '../folder.js'
import { feedsFor, floats, model, node, runModel } from '../models.js'

const at = temporaryFolder()

const weights = floats('w', [16, 3, 3, 3])
const proto = model({
  nodes: [
    node('Conv', ['x', 'w', 'b'], ['c'], [makeAttribute('pads', [1, 1, 1, 1])]),
    node('Constant', [], ['k'], [makeAttribute('value', floats('', [1, 16, 4, 4]))]),
    node('Add', ['c', 'k'], ['y']),
  ],
  constants: [weights, floats('b', [16])],
})

/** A model whose weights are where `entries` says. */
function external(entries: Readonly<Record<string, string>>): ModelProto {
  const { rawData: _, ...rest } = weights
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }))
  const tensor = { ...rest, dataLocation: 1, externalData }
  return { ...proto, graph: { ...proto.graph, initializer: [tensor, floats('b', [16])] } }
}

const bytes = weights.rawData!

function failure(entries: Readonly<Record<string, string>>): Promise<unknown> {
  mkdirSync(at('model'), { recursive: true })
  writeFileSync(at('model/model.onnx'), encodeMessage(external(entries)))
  return readModel(at('model/model.onnx')).catch((error: unknown) => error)
}

describe('writeModel', () => {
  it('keeps a small model in one file', async () => {
    await writeModel(proto, at('model.onnx'))
    expect(existsSync(at('model.onnx.data'))).toBe(false)
    expect((await readModel(at('model.onnx'))).proto).toEqual(proto)
  })

  it('puts tensors beside a model that is too large for one, attributes too, and reads them back', async () => {
    await writeModel(proto, at('model.onnx'), { maxInlineBytes: 100 })
    expect(statSync(at('model.onnx.data')).size).toBe(4096 + 1728)
    const read = await readModel(at('model.onnx'))
    const [w, b] = read.proto.graph.initializer
    expect(w).toMatchObject({ name: 'w', dataLocation: 1 })
    expect(w).not.toHaveProperty('rawData')
    expect(tensorData(w!)).toEqual(tensorData(weights))
    expect(b).toEqual(floats('b', [16]))
    expect(decodeModel(encodeModel(read.proto))).toEqual(proto)
  })

  it('writes external data that the runtime loads', async () => {
    await writeModel(proto, at('model.onnx'), { maxInlineBytes: 100 })
    const session = await createSession(at('model.onnx'))
    expect(await session.run(feedsFor(proto))).toEqual(await runModel(proto))
    await session.release()
  })

  it('writes a model again that has external data, elsewhere', async () => {
    await writeModel(proto, at('model.onnx'), { maxInlineBytes: 100 })
    mkdirSync(at('other'))
    await writeModel((await readModel(at('model.onnx'))).proto, at('other/copy.onnx'), { maxInlineBytes: 100 })
    const read = await readModel(at('other/copy.onnx'))
    expect(tensorData(read.proto.graph.initializer[0]!)).toEqual(tensorData(weights))
  })

  it('says which file it cannot write', async () => {
    await expect(writeModel(proto, at('missing/model.onnx'))).rejects.toThrow(
      /cannot write model ".*missing\/model.onnx"/,
    )
  })
})

describe('the hash of a model with external data', () => {
  it('changes with the data, and not with the folder', async () => {
    await writeModel(proto, at('model.onnx'), { maxInlineBytes: 100 })
    const { hash } = await readModel(at('model.onnx'))
    mkdirSync(at('other'))
    for (const name of ['model.onnx', 'model.onnx.data']) writeFileSync(at(`other/${name}`), readFileSync(at(name)))
    expect((await readModel(at('other/model.onnx'))).hash).toBe(hash)
    const data = readFileSync(at('model.onnx.data'))
    writeFileSync(at('model.onnx.data'), data.fill(1, 7, 8))
    expect((await readModel(at('model.onnx'))).hash).not.toBe(hash)
  })
})

describe('external data', () => {
  it('are read at their offset, up to the end where there is no length', async () => {
    mkdirSync(at('model/data'), { recursive: true })
    writeFileSync(at('model/data/w.bin'), Buffer.concat([Buffer.alloc(5), bytes]))
    writeFileSync(at('model/model.onnx'), encodeMessage(external({ location: 'data/w.bin', offset: '5' })))
    const read = await readModel(at('model/model.onnx'))
    expect(tensorData(read.proto.graph.initializer[0]!)).toEqual(tensorData(weights))
  })

  it('may be a link inside the folder', async () => {
    mkdirSync(at('model'))
    writeFileSync(at('model/real.bin'), bytes)
    symlinkSync('real.bin', at('model/w.bin'))
    expect(await failure({ location: 'w.bin' })).toHaveProperty('hash')
  })

  it('are missing', async () => {
    expect(await failure({ location: 'w.bin' })).toHaveProperty(
      'message',
      expect.stringMatching(
        /^external data of tensor "w": cannot read ".*w\.bin" \(no such file\); copy the file beside the model$/,
      ),
    )
  })

  it('are a folder', async () => {
    mkdirSync(at('model/w.bin'), { recursive: true })
    expect(await failure({ location: 'w.bin' })).toHaveProperty('message', expect.stringContaining('is not a file'))
  })

  it('are not named', async () => {
    expect(await failure({ offset: '0' })).toHaveProperty('message', expect.stringContaining('does not name its file'))
  })

  const outside = "points outside the model's folder"
  it.each(['../secret.bin', 'a/../../secret.bin', '/etc/passwd', 'C:\\secret.bin', '..', '.'])(
    'point to %s',
    async (location) => {
      writeFileSync(at('secret.bin'), bytes)
      expect(await failure({ location })).toHaveProperty('message', expect.stringContaining(outside))
    },
  )

  it('leave the folder through a link to a file or to a folder', async () => {
    mkdirSync(at('model'))
    mkdirSync(at('elsewhere'))
    writeFileSync(at('elsewhere/w.bin'), bytes)
    symlinkSync(at('elsewhere/w.bin'), at('model/w.bin'))
    symlinkSync(at('elsewhere'), at('model/data'))
    for (const location of ['w.bin', 'data/w.bin']) {
      expect(await failure({ location })).toHaveProperty('message', expect.stringContaining(outside))
    }
  })

  /** A cache as Hugging Face's: names of a revision are links to blobs. */
  function cache(blobs: Readonly<Record<string, Uint8Array>>) {
    mkdirSync(at('cache/snapshots/revision'), { recursive: true })
    mkdirSync(at('cache/blobs'))
    for (const [name, blob] of Object.entries(blobs)) {
      writeFileSync(at(`cache/blobs/${name}-hash`), blob)
      symlinkSync(`../../blobs/${name}-hash`, at(`cache/snapshots/revision/${name}`))
    }
    return at('cache/snapshots/revision')
  }

  it('may be a link to a file beside the file to which the model is a link', async () => {
    const folder = cache({ 'model.onnx': encodeMessage(external({ location: 'w.bin' })), 'w.bin': bytes })
    const read = await readModel(`${folder}/model.onnx`)
    expect(tensorData(read.proto.graph.initializer[0]!)).toEqual(tensorData(weights))
  })

  it('are found beside the file to which the model is a link', async () => {
    mkdirSync(at('model'))
    writeFileSync(at('model/model.onnx'), encodeMessage(external({ location: 'w.bin' })))
    writeFileSync(at('model/w.bin'), bytes)
    symlinkSync('model/model.onnx', at('link.onnx'))
    const read = await readModel(at('link.onnx'))
    expect(tensorData(read.proto.graph.initializer[0]!)).toEqual(tensorData(weights))
    expect(read.hash).toBe((await readModel(at('model/model.onnx'))).hash)
  })

  it('are no other file of the machine, even where the model is a link', async () => {
    const folder = cache({ 'model.onnx': encodeMessage(external({ location: 'w.bin' })) })
    writeFileSync(at('cache/w.bin'), bytes)
    for (const target of ['/etc/passwd', '../../w.bin', '../../blobs/../w.bin']) {
      symlinkSync(target, `${folder}/w.bin`)
      await expect(readModel(`${folder}/model.onnx`)).rejects.toThrow(
        /points outside the model's folder: "w.bin" is a link to ".*(passwd|cache\/w\.bin)"; squire reads external data only/,
      )
      rmSync(`${folder}/w.bin`)
    }
  })

  it('of a large file behind a link are its own bytes', async () => {
    const large = makeTensor(
      'w',
      DataType.FLOAT,
      [2 ** 12, 2 ** 12 + 1],
      new Float32Array(2 ** 24 + 2 ** 12).fill(1, -1),
    )
    const whole = model({ inputs: { x: [1, 2 ** 12] }, nodes: [node('MatMul', ['x', 'w'], ['y'])], constants: [large] })
    const folder = cache({ 'model.onnx': encodeModel(whole) })
    const read = await readModel(`${folder}/model.onnx`)
    expect(read.proto.graph.initializer[0]).toHaveProperty('dataLocation', 1)
    expect(tensorData(read.proto.graph.initializer[0]!).at(-1)).toEqual(tensorData(large).at(-1))
  })

  it('are too short, or given at a place the file does not have', async () => {
    mkdirSync(at('model'))
    writeFileSync(at('model/w.bin'), bytes)
    const cases: readonly [Readonly<Record<string, string>>, string][] = [
      [{ location: 'w.bin', length: '1727' }, 'has 1727 bytes in "w.bin", needs 1728'],
      [{ location: 'w.bin', offset: '1' }, 'has 1727 bytes in "w.bin", needs 1728'],
      [
        { location: 'w.bin', offset: '1', length: '1728' },
        'needs bytes 1 to 1729 of "w.bin", which has only 1728 bytes',
      ],
      [{ location: 'w.bin', offset: '9999' }, 'needs bytes 9999 to 9999 of "w.bin", which has only 1728 bytes'],
      [{ location: 'w.bin', offset: '-4' }, 'has offset "-4", expected a number of bytes'],
      [{ location: 'w.bin', length: '1e9' }, 'has length "1e9", expected a number of bytes'],
    ]
    for (const [entries, message] of cases) {
      expect(await failure(entries)).toHaveProperty('message', expect.stringContaining(message))
    }
  })

  it('that change after the model was read are noticed', async () => {
    await writeModel(proto, at('model.onnx'), { maxInlineBytes: 100 })
    const read = await readModel(at('model.onnx'))
    truncateSync(at('model.onnx.data'), 10)
    expect(() => tensorData(read.proto.graph.initializer[0]!)).toThrow('which has only 10 bytes')
  })

  it('are of a model that readModel did not read', () => {
    const [tensor] = external({ location: 'w.bin' }).graph.initializer
    expect(tensor!.dataType).toBe(DataType.FLOAT)
    expect(() => tensorData(tensor!)).toThrow('read the model with readModel')
  })
})
