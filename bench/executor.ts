// The memory of an infer function that starts all its forwards at once, and of one that uses executor.map.

import { cases, imageCase } from './rig.js'
import type { BenchOptions, Section } from './types.js'
import { wholeRun, wordsFor } from './wholeRun.js'

export async function executor(options: BenchOptions): Promise<Section[]> {
  const sections: Section[] = []
  for (const { name, model, dims } of options.model === undefined ? cases.slice(0, 1) : [imageCase(options.model)]) {
    const rows = []
    for (const samples of [50, 400]) {
      const row: Record<string, string | number> = { samples }
      for (const style of ['allAtOnce', 'mapped']) {
        const words = wordsFor({ model, dims }, samples, ['./inferFunctions.js', style])
        row[`${style} MB`] = Math.round((await wholeRun([...words, '-qm', 'kl', '-cn', '2'])).maxRssMb)
      }
      rows.push(row)
    }
    sections.push({ title: `Peak resident memory of a whole run of an infer function, 2 workers, ${name}`, rows })
  }
  return sections
}
