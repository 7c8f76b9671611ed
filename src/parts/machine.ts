// What results may depend on besides the run itself: how this machine rounds. It is found out by running the models, since processors of the same
// family round alike or not by which instructions the runtime takes.

import { createHash, type Hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Feeds } from '../calibrate/runner.js'
import type { Pool } from '../engine/pool.js'
import type { ModelFile, Observation } from '../engine/protocol.js'
import { createBuffer } from '../histogram/buffer.js'
import type { Machine } from './part.js'

/** A model, and what of its inside counts too. */
export interface Probe {
  readonly model: ModelFile
  readonly observation?: Omit<Observation, 'buffer'>
}

/** Runs models on the inputs of one forward pass. */
export async function thisMachine(pool: Pool, feeds: Feeds, probes: readonly Probe[]): Promise<Machine> {
  const hash = createHash('sha256')
  for (const probe of probes) await addProbe(hash, pool, feeds, probe)
  return { rounding: hash.digest('hex'), instructions: instructionSet() }
}

async function addProbe(hash: Hash, pool: Pool, feeds: Feeds, { model, observation }: Probe): Promise<void> {
  const buffer = createBuffer(observation?.tensors ?? [])
  const { outputs } = await pool.forward({
    kind: 'forward',
    model,
    feeds,
    name: 'the first forward pass',
    observation: observation && { ...observation, stacked: 1, buffer },
  })
  hash.update(new Uint8Array(buffer).slice())
  for (const { name, value } of outputs) {
    const { buffer, byteOffset, byteLength } = value.data
    hash.update(`${name} ${value.dims}\n`).update(new Uint8Array(buffer, byteOffset, byteLength))
  }
}

/** Extensions that runtimes choose their kernels by. */
const telling = /^(sse4_[12]|avx|avx2|fma|f16c|avx512\w*|avx_vnni\w*|amx_\w+|asimd\w*|sve\w*|i8mm|bf16|fphp)$/

/** As "x64 avx avx2 fma"; where the system does not list them, the processor's name. */
function instructionSet(): string {
  const listed = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuInfo())?.[1]?.split(' ') ?? []
  const found = listed.filter((name) => telling.test(name)).sort()
  return `${process.arch} ${found.length > 0 ? found.join(' ') : (cpus()[0]?.model ?? 'unknown')}`
}

function cpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'latin1')
  } catch {
    // Systems other than Linux have none.
    return ''
  }
}
