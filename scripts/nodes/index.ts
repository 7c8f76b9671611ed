// Runs ONNX's own tests of operators through squire and writes docs/nodes.md:
//
//   node dist/scripts/nodes/index.js FOLDER [PATTERN] [--out FILE] [--json FILE]
//
// FOLDER is onnx/backend/test/data; PATTERN a regular expression for the names of the tests, all without it.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measure } from './measure.js'
import { page, type Run } from './page.js'
import { readTest, testNames } from './tests.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'docs/nodes.md' }, json: { type: 'string' } },
})
const [folder, pattern = ''] = positionals
if (folder === undefined) throw new Error('Which folder? node dist/scripts/nodes/index.js FOLDER')

/** Tests that run at the same time. */
const LANES = 4

const workspace = await mkdtemp(join(tmpdir(), 'squire-nodes-'))
const names = (await testNames(folder)).filter((name) => new RegExp(pattern).test(name))
const runsOf = new Map<string, readonly Run[]>()
try {
  const left = [...names]
  await Promise.all(Array.from({ length: LANES }, (_, lane) => runLane(left, join(workspace, String(lane)))))
} finally {
  await rm(workspace, { recursive: true })
}
const runs = names.flatMap((name) => runsOf.get(name)!)
const words = ['FOLDER', ...(pattern === '' ? [] : [`'${pattern}'`])]
await writeFile(values.out, page(runs, `npm run build && node dist/scripts/nodes/index.js ${words.join(' ')}`))
if (values.json !== undefined) await writeFile(values.json, JSON.stringify(runs, undefined, 1))
const crashed = runs.filter(({ outcome }) => outcome.kind === 'crash')
for (const { test, form, outcome } of crashed) console.error(test, form, 'message' in outcome ? outcome.message : '')
process.exitCode = crashed.length === 0 ? 0 : 1

/** Takes tests until none is left. */
async function runLane(left: string[], place: string): Promise<void> {
  await mkdir(place)
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const test = await readTest(folder!, name)
    const types = test.proto.graph.node.map(({ opType }) => opType)
    const runs: Run[] = []
    for (const form of ['all', 'first'] as const) {
      const outcome = await measure(test, form, place)
      if (outcome !== undefined) runs.push({ test: name, form, types, outcome })
    }
    runsOf.set(name, runs)
    if (runsOf.size % 100 === 0) console.log(`${runsOf.size} of ${names.length} tests`)
  }
}
