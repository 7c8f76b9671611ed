import { afterEach, expect, it, vi } from 'vitest'
import { writeModel } from '../../src/onnx/model.js'
import { makeNode } from '../../src/onnx/node.js'
import { beginTask, endTask } from '../../workers/idle.js'
import { sessionOf } from '../../workers/models.js'
import { temporaryFolder } from '../onnx/folder.js'
import { model } from '../onnx/models.js'

const at = temporaryFolder()
const file = (name: string, serial = 0) => ({ path: at(name), serial, inputs: [], outputs: ['y'] })
const x = { type: 'float32', dims: [1, 2], data: Float32Array.of(-1, 2) } as const

afterEach(() => vi.useRealTimers())

it('keeps one session: that of the last model asked for, also after one that could not be opened', async () => {
  for (const name of ['a.onnx', 'b.onnx']) {
    await writeModel(model({ nodes: [makeNode('Relu', ['x'], ['y'])], inputs: { x: [1, 2] } }), at(name))
  }
  const first = await sessionOf(file('a.onnx'))
  expect(await sessionOf(file('a.onnx'))).toBe(first)
  const second = await sessionOf(file('b.onnx'))
  expect((await second.run({ x })).y?.data).toEqual(Float32Array.of(0, 2))
  await expect(first.run({ x })).rejects.toThrow('cannot run')
  await expect(sessionOf(file('none.onnx'))).rejects.toThrow('none.onnx')
  const third = await sessionOf(file('a.onnx'))
  expect(third).not.toBe(first)
  expect((await third.run({ x })).y?.data).toEqual(Float32Array.of(0, 2))
})

it('lets a session with mapped weights go when no task has come for a while', async () => {
  await writeModel(model({ nodes: [makeNode('Relu', ['x'], ['y'])], inputs: { x: [1, 2] } }), at('mapped.onnx'))
  const mapped = { ...file('mapped.onnx'), mapped: true }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  beginTask()
  const session = await sessionOf(mapped)
  await vi.advanceTimersByTimeAsync(60_000)
  endTask()
  beginTask()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await sessionOf(mapped)).toBe(session)
  endTask()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await sessionOf(mapped)).not.toBe(session)
})

it('opens a file anew that was written again under the same name', async () => {
  const written = async (opType: string, serial: number) => {
    await writeModel(model({ nodes: [makeNode(opType, ['x'], ['y'])], inputs: { x: [1, 2] } }), at('again.onnx'))
    return (await (await sessionOf(file('again.onnx', serial))).run({ x })).y?.data
  }
  expect(await written('Relu', 1)).toEqual(Float32Array.of(0, 2))
  expect(await written('Neg', 2)).toEqual(Float32Array.of(1, -2))
})

it('opens a model anew for passes that keep no memory, and they give the same', async () => {
  await writeModel(model({ nodes: [makeNode('Relu', ['x'], ['y'])], inputs: { x: [1, 2] } }), at('frugal.onnx'))
  const first = await sessionOf(file('frugal.onnx'))
  const frugal = await sessionOf(file('frugal.onnx'), [], { isFrugal: true })
  expect(frugal).not.toBe(first)
  expect(await sessionOf(file('frugal.onnx'), [], { isFrugal: true })).toBe(frugal)
  expect((await frugal.run({ x })).y?.data).toEqual(Float32Array.of(0, 2))
})
