// The memory of an infer function that starts all its forwards at once, and of one that uses executor.map.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cases, imageCase } from './rig.js'
import type { BenchOptions, Section } from './types.js'

const run = promisify(execFile)

export async function executor(options: BenchOptions): Promise<Section[]> {
  const sections: Section[] = []
  for (const { name, model, dims } of options.model === undefined ? cases.slice(0, 1) : [imageCase(options.model)]) {
    const rows = []
    for (const samples of [50, 400]) {
      const row: Record<string, string | number> = { samples }
      for (const style of ['allAtOnce', 'mapped']) {
        const args = [fileURLToPath(new URL('memory.js', import.meta.url)), model, String(samples), '2', dims.join()]
        const { stdout } = await run(process.execPath, [...args, './inferFunctions.js', style])
        row[`${style} MB`] = Math.round(JSON.parse(stdout).maxRssMb)
      }
      rows.push(row)
    }
    sections.push({ title: `Peak resident memory of a whole run of an infer function, 2 workers, ${name}`, rows })
  }
  return sections
}
