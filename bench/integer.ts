// Claim: the integer model takes at most 1.6 times as long as the float model. Its arithmetic is nodes of their own behind each convolution:
// more convolutions or elementwise nodes, nearly all of them in float32. The side by side: both models in one process, one thread, the same inputs, in turn.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quantize } from '../src/index.js'
import { createSession, type Session } from '../src/onnx/runtime/session.js'
import type { TensorValue } from '../src/onnx/types.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase } from './rig.js'
import type { BenchOptions, Section } from './types.js'

/** Runs of a side in one round, of which the fastest counts. */
const REPEATS = 5

export async function integer({ rounds, model }: BenchOptions): Promise<Section[]> {
  const rows = []
  for (const of of [...(model === undefined ? [] : [imageCase(model)]), ...cases]) rows.push(await measure(of, rounds))
  return [{ title: 'A forward pass of the integer model beside one of the float model, one thread', rows }]
}

async function measure(of: BenchCase, rounds: number): Promise<Section['rows'][number]> {
  const saveDir = await mkdtemp(join(tmpdir(), 'squire-bench-'))
  try {
    const script = fileURLToPath(new URL('./decoded.js', import.meta.url))
    const data = `4,${of.dims}`
    const result = await quantize({
      ...{ model: of.model, saveDir, userScript: script, inferFunction: 'decoded', data },
      ...{ iterations: [4], modes: ['min_max'], cpuNum: 1 },
    })
    const written = result.results[0]!.files.find((file) => file.endsWith('_quantize.onnx'))!
    const float = await createSession(of.model)
    const integers = await createSession(join(saveDir, written))
    const feeds = noise(float, of)
    const times: { readonly float: number; readonly integer: number }[] = []
    for (let round = 0; round < rounds; round++) {
      times.push({ float: await fastest(float, feeds), integer: await fastest(integers, feeds) })
    }
    await Promise.all([float.release(), integers.release()])
    return {
      model: of.name,
      'float ms': median(times.map((time) => time.float)).toFixed(2),
      'integer ms': median(times.map((time) => time.integer)).toFixed(2),
      ratio: median(times.map((time) => time.integer / time.float)).toFixed(2),
      'of the fastest': (
        Math.min(...times.map((time) => time.integer)) / Math.min(...times.map((time) => time.float))
      ).toFixed(2),
    }
  } finally {
    await rm(saveDir, { recursive: true, force: true })
  }
}

/** Smooth values of about the range of images. */
function noise({ inputs }: Session, { dims }: BenchCase): Record<string, TensorValue> {
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1))
  for (let i = 0; i < data.length; i++) data[i] = 50 * Math.sin(i / 11) * Math.cos(i / 1013)
  return { [inputs[0]!.name]: { type: 'float32', dims, data } }
}

/** Milliseconds. */
async function fastest(session: Session, feeds: Readonly<Record<string, TensorValue>>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now()
    await session.run(feeds)
    best = Math.min(best, performance.now() - start)
  }
  return best
}
