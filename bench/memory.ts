// Peak resident memory of one whole run (calibration, thresholds, export, evaluation), in a process of its own.
// node dist/bench/memory.js MODEL SAMPLES THREADS DIMS [SCRIPT EXPORT] -> one line of JSON

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configure } from '../src/cli/configure.js'
import { quantize } from '../src/index.js'

const [model, samples, threads, dims, name = 'decoded.js', exported = 'decoded'] = process.argv.slice(2)
const saveDir = await mkdtemp(join(tmpdir(), 'squire-memory-'))
const script = fileURLToPath(new URL(name, import.meta.url))
const words = ['quant', '-m', model!, '-uds', script, '-if', exported, '-d', `${samples},${dims}`, '-i', samples!]
const start = performance.now()
const { config } = await configure([...words, '-qm', 'kl', '-cn', threads!, '-s', saveDir])
await quantize(config)
const seconds = (performance.now() - start) / 1000
await rm(saveDir, { recursive: true, force: true })
process.stdout.write(`${JSON.stringify({ maxRssMb: process.resourceUsage().maxRSS / 1024, seconds })}\n`)
