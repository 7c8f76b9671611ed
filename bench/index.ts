// npm run bench -- [kernel|lookup|integer|solve|weights|startup|executor|calibrate|cores|recurrent|dodges|scaling|resident]... [--json] [--rounds N] [--seconds S] [--samples N] [--model FILE] [--images FOLDER] [--python PATH]

import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { calibrate } from './calibrate.js'
import { cores } from './cores.js'
import { dodges } from './dodges.js'
import { executor } from './executor.js'
import { integer } from './integer.js'
import * as kernel from './kernel.js'
import * as lookup from './lookup.js'
import { recurrent } from './recurrent.js'
import { resident } from './resident.js'
import { scaling } from './scaling/index.js'
import * as solve from './solve.js'
import { startup } from './startup.js'
import type { BenchOptions, Section } from './types.js'
import { roundingBench } from './weights.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    samples: { type: 'string', default: '200' },
    model: { type: 'string' },
    images: { type: 'string' },
    python: { type: 'string' },
  },
})
const options: BenchOptions = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  samples: Number(values.samples),
  model: values.model,
  images: values.images,
  python: values.python,
}

const benches: Readonly<Record<string, () => Promise<Section[]>>> = {
  kernel: async () => [{ title: kernel.title, rows: kernel.rows(await kernel.run(options)) }],
  lookup: async () => [{ title: lookup.title, rows: lookup.rows(await lookup.run(options)) }],
  integer: () => integer(options),
  solve: async () => [{ title: solve.title, rows: solve.rows(solve.run({ rounds: options.rounds })) }],
  weights: async () => roundingBench(options),
  startup: () => startup(options),
  executor: () => executor(options),
  calibrate: () => calibrate(options),
  cores: () => cores(options),
  recurrent: () => recurrent(options),
  dodges: () => dodges(options),
  scaling: () => scaling(options),
  resident: () => resident(options),
}

const names =
  positionals.length === 0
    ? Object.keys(benches).filter((name) => name !== 'resident' || values.model !== undefined)
    : positionals
const unknown = names.find((name) => !Object.hasOwn(benches, name))
if (unknown !== undefined) {
  process.stderr.write(`unknown bench "${unknown}": expected ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}
const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`
const sections: Section[] = []
if (!values.json) process.stdout.write(`${machine}\n`)
for (const name of names) {
  const made = await benches[name]!()
  sections.push(...made)
  if (!values.json) for (const section of made) print(section)
}
if (values.json) process.stdout.write(`${JSON.stringify({ machine, options, sections }, null, 2)}\n`)

function print({ title, rows }: Section): void {
  const head = Object.keys(rows[0] ?? {})
  const table = new Table({ head, style: { head: [], border: [] } })
  table.push(...rows.map((row) => head.map((key) => row[key] ?? '')))
  process.stdout.write(`\n${title}\n${table.toString()}\n`)
}
