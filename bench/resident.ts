// Claim: with 2 workers, a default run of a large model takes at most 4 times its weights and 400 MB. Linux alone: the numbers are the kernel's.

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { modelInputs, readModel } from '../src/onnx/model.js'
import { engineEnvironment, engineVariable } from '../src/supervisor.js'
import type { BenchOptions, Section } from './types.js'

/** The least number of samples that two workers share. */
const SAMPLES = 8
const EVERY_MS = 50

/** Megabytes. */
interface Resident {
  readonly all: number
  /** Heaps, arrays, what sessions hold. */
  readonly anonymous: number
  /** Mapped weights, once for each session, and libraries. */
  readonly mapped: number
}

export async function resident({ model }: BenchOptions): Promise<Section[]> {
  if (model === undefined) throw new Error('resident needs --model FILE: a model with one input')
  const peaks = await peaksOf(model)
  const rows = [...peaks].map(([stage, { all, anonymous, mapped }]) => ({ stage, 'peak MB': all, anonymous, mapped }))
  const bound = Math.round((4 * (await stat(model)).size) / 2 ** 20 + 400)
  return [{ title: `Resident memory, 2 workers, ${basename(model)}; 4 times its file and 400 MB are ${bound}`, rows }]
}

/** What was resident, of each stage when it was most. */
async function peaksOf(model: string): Promise<Map<string, Resident>> {
  const saveDir = await mkdtemp(join(tmpdir(), 'squire-bench-'))
  const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
  const [input] = modelInputs((await readModel(model)).proto)
  const dims = input!.dims.map((dim) => (typeof dim === 'number' ? dim : 1))
  const data = ['-uds', here('./decoded.js'), '-if', 'decoded', '-d', `${SAMPLES},${dims}`]
  const words = ['quant', '-m', model, ...data, '-i', String(SAMPLES), '-cn', '2', '-s', saveDir]
  // SQUIRE_ENGINE makes the process the engine itself, as the supervisor's child is.
  const child = spawn(process.execPath, [here('../src/main.js'), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...engineEnvironment(process.env), [engineVariable]: join(saveDir, 'workspace') },
  })
  const peaks = new Map<string, Resident>()
  let stage = 'start'
  const timer = setInterval(async () => {
    const now = await residentOf(child.pid!)
    if (now !== undefined && now.all > (peaks.get(stage)?.all ?? 0)) peaks.set(stage, now)
  }, EVERY_MS)
  try {
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
    for await (const line of createInterface(child.stdout)) {
      stage = /^stage \d of \d, ([^:]+)$/.exec(line)?.[1] ?? stage
    }
    const status = await ended
    if (status !== 0) throw new Error(`the command ended with status ${status}`)
    return peaks
  } finally {
    clearInterval(timer)
    await rm(saveDir, { recursive: true, force: true })
  }
}

/** undefined where the process has ended. */
async function residentOf(pid: number): Promise<Resident | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
  const field = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status ?? '')?.[1]) / 1024)
  const found = { all: field('VmRSS'), anonymous: field('RssAnon'), mapped: field('RssFile') }
  return Number.isNaN(found.all) ? undefined : found
}
