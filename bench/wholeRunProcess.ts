// The process of wholeRun.ts. node dist/bench/wholeRunProcess.js WORD... -> one line of JSON, a WholeRun

import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { configure } from '../src/cli/configure.js'
import { type Reporter, silentReporter } from '../src/report/types.js'
import { quantize } from '../src/runs/quantize.js'
import type { WholeRun } from './wholeRun.js'

const passSeconds: Record<string, number> = {}
const timing: Reporter = {
  ...silentReporter,
  progress(title) {
    const name = title.split(' ')[0]!
    const start = performance.now()
    const finish = () => {
      passSeconds[name] = (passSeconds[name] ?? 0) + (performance.now() - start) / 1000
    }
    return { update() {}, finish }
  },
}

const saveDir = await mkdtemp(join(tmpdir(), 'squire-bench-'))
try {
  const { config } = await configure([...process.argv.slice(2), '-s', saveDir])
  const idle = performance.eventLoopUtilization()
  const start = performance.now()
  await quantize(config, timing)
  const result: WholeRun = {
    seconds: (performance.now() - start) / 1000,
    mainThreadSeconds: performance.eventLoopUtilization(idle).active / 1000,
    passSeconds,
    maxRssMb: process.resourceUsage().maxRSS / 1024,
    digest: await digestOf(saveDir),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
} finally {
  await rm(saveDir, { recursive: true, force: true })
}

async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  // These say how long the run took.
  const varying = ['report.html', 'run.json'].map((name) => join(folder, name))
  for (const path of paths.filter((one) => !varying.includes(one)).sort()) {
    hash.update(path.slice(folder.length)).update(await readFile(path))
  }
  return hash.digest('hex')
}
