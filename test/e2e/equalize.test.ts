import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, image, noise, run, same } from '../knight/run.js'
import { feedsFor, largestDifference, model, runModel } from '../onnx/models.js'
import { fixture } from './squire.js'
import { write } from './tiny.js'
import { op, weights } from './zoo.js'

/** Channels that differ much in their ranges. */
const uneven = () => {
  const proto = model({
    inputs: { x: [1, 3, 8, 8] },
    nodes: [op('Conv: x w -> c', same), op('Relu: c -> r'), op('Conv: r v -> y', same)],
    constants: [weights('w', 8, 3, 3, 3), weights('v', 4, 8, 3, 3)],
  })
  const [w] = proto.graph.initializer
  const values = new Float32Array(w!.rawData!.slice().buffer)
  const raw = values.map((value, i) => value * 3 ** -Math.floor(i / 27))
  const scaled = { ...w!, rawData: new Uint8Array(raw.buffer) }
  return { ...proto, graph: { ...proto.graph, initializer: [scaled, ...proto.graph.initializer.slice(1)] } }
}

const bytes = ({ saveDir }: Awaited<ReturnType<typeof run>>) => readFileSync(join(saveDir, 'uneven_quantize.onnx'))

describe('--equalize', () => {
  const path = write(uneven(), folder, 'uneven.onnx')

  it('scales channels where other samples confirm it, with the same bytes for any number of workers', async () => {
    const words = `${noise(image, 48)} -od --equalize`
    const one = await run(path, `${words} -cn 1`)
    const float = await runModel(uneven())
    const optimized = one.written('steps/optimized.onnx')
    expect(largestDifference(await runModel(optimized, feedsFor(uneven())), float)).toBeLessThan(1e-5)
    expect(one.said).toMatch(
      /channels scaled in 1 of 1 chains of tensors with a prediction of [\d.]+ dB less noise there: signal to noise/,
    )
    const two = await run(path, `${words} -cn 3`)
    expect(bytes(two)).toEqual(bytes(one))
    const plain = await run(path, `${noise(image, 48)} -od -cn 1`)
    expect(bytes(plain)).not.toEqual(bytes(one))
  })

  it('scales channels for an infer function, which runs once more, with the same bytes for any number of workers', async () => {
    const words = `-uds ${fixture('noise.mjs')} -if forwardBatches -d [3,8,8] -i 48 -od --equalize`
    const one = await run(path, `${words} -cn 1`)
    expect(one.said).toMatch(/channels scaled in 1 of 1 chains .* prediction of [\d.]+ dB less noise/)
    const optimized = one.written('steps/optimized.onnx')
    expect(largestDifference(await runModel(optimized, feedsFor(uneven())), await runModel(uneven()))).toBeLessThan(
      1e-5,
    )
    const two = await run(path, `${words} -cn 3`)
    expect(bytes(two)).toEqual(bytes(one))
  })

  it('refuses scales that are given', async () => {
    await expect(run(path, '-lsj scales.json --equalize')).rejects.toThrow('exclude each other')
  })
})
