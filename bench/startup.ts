// Claim: from the command to its first forward pass it takes less than 1.5 s for a model of 5 MB: reading and optimizing it, finding
// out its shapes, the plan, and workers with their sessions. The side by side: a bare process that loads the same model and runs it once.

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FIRST_FORWARD, LOADED } from './decoded.js'
import { median } from './median.js'
import { type BenchCase, cases, imageCase } from './rig.js'
import type { BenchOptions, Section } from './types.js'

const run = promisify(execFile)
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export async function startup({ rounds, model }: BenchOptions): Promise<Section[]> {
  const rows = []
  for (const of of [...(model === undefined ? [] : [imageCase(model)]), ...cases]) {
    const commands = []
    const bare = []
    for (let round = 0; round < rounds; round++) {
      commands.push(await firstForward(of))
      bare.push(await bareProcess(of))
    }
    rows.push({
      model: of.name,
      'first forward begins ms': Math.round(median(commands.map(({ begun }) => begun))),
      'is done ms': Math.round(median(commands.map(({ done }) => done))),
      'a bare process ms': Math.round(median(bare)),
    })
  }
  return [{ title: 'From the command to the first forward pass, 2 workers', rows }]
}

/** Milliseconds until a worker has the sample that it runs next in hand, and until it has told the metric of it. */
async function firstForward({ model, dims }: BenchCase): Promise<{ readonly begun: number; readonly done: number }> {
  const saveDir = await mkdtemp(join(tmpdir(), 'squire-bench-'))
  try {
    const start = performance.now()
    const words = ['quant', '-m', model, '-uds', here('./decoded.js'), '-if', 'marked', '-d', `2,${dims}`, '-i', '2']
    const child = spawn(process.execPath, [here('../src/main.js'), ...words, '-cn', '2', '-s', saveDir])
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
    const loaded: number[] = []
    let done: number | undefined
    let said = ''
    for await (const line of createInterface(child.stderr)) {
      said += `${line}\n`
      if (line.includes(LOADED)) loaded.push(performance.now() - start)
      if (line.includes(FIRST_FORWARD)) done ??= performance.now() - start
    }
    const status = await ended
    if (status !== 0 || done === undefined) throw new Error(`the command ended with status ${status}: ${said}`)
    // The first sample is loaded once more before, for its shape.
    return { begun: loaded[1]!, done }
  } finally {
    await rm(saveDir, { recursive: true, force: true })
  }
}

async function bareProcess({ model, dims }: BenchCase): Promise<number> {
  const code = `
    import { createSession } from ${JSON.stringify(new URL('../src/onnx/runtime/session.js', import.meta.url).href)}
    const session = await createSession(${JSON.stringify(model)})
    const data = new Float32Array(${dims.join('*')})
    await session.run({ [session.inputs[0].name]: { type: 'float32', dims: [${dims}], data } })`
  const start = performance.now()
  await run(process.execPath, ['--input-type=module', '-e', code])
  return performance.now() - start
}
