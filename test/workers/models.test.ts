import { expect, it } from 'vitest'
import { writeModel } from '../../src/onnx/model.js'
import { makeNode } from '../../src/onnx/node.js'
import { sessionOf } from '../../workers/models.js'
import { temporaryFolder } from '../onnx/folder.js'
import { model } from '../onnx/models.js'

const at = temporaryFolder()
const file = (name: string) => ({ path: at(name), inputs: [], outputs: ['y'] })
const x = { type: 'float32', dims: [1, 2], data: Float32Array.of(-1, 2) } as const

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
