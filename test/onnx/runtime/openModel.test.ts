import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { openModel } from '../../../src/onnx/runtime/openModel.js'
import { feedsFor, floats, model, node } from '../models.js'

describe('openModel', () => {
  const proto = model({
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    constants: [floats('w', [40, 50])],
    inputs: { x: [3, 40] },
  })
  const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`squire-model-`))

  it('gives the same session through a file as from bytes, and leaves no file behind', async () => {
    const before = leftovers()
    const [inline, mapped] = [await openModel(proto), await openModel(proto, {}, 100)]
    expect(leftovers()).toEqual(before)
    const [expected, got] = [await inline.run(feedsFor(proto)), await mapped.run(feedsFor(proto))]
    for (const [i, value] of Array.from(got.y!.data as Float32Array).entries()) {
      expect(value).toBeCloseTo(Number(expected.y!.data[i]), 4)
    }
    await Promise.all([inline.release(), mapped.release()])
  })
})
