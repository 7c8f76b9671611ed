// The steps of a run in parts, as commands.

import { join } from 'node:path'
import { commandLine, quoted } from './shell.js'
import type { ClusterRun, Step } from './types.js'

export interface StepsOptions {
  /** The words that start squire. */
  readonly squire: readonly string[]
  /** The options of `squire quant`. */
  readonly words: readonly string[]
  readonly parts: number
  readonly folder: string
}

/** Calibration in parts, merged; evaluation in parts, merged and made into the results. */
export function stepsOf({ squire, words, parts, folder }: StepsOptions): ClusterRun['steps'] {
  const at = (name: string) => join(folder, name)
  const run = (command: string, more: readonly string[]) => commandLine([...squire, command, ...words, ...more])
  const share = (kind: string, part: string) =>
    ` --part "${part}/${parts}" --output ${quoted(at(`${kind}-`))}"${part}.arrow" --resume`
  const merge = (kind: string, output: string) =>
    `${commandLine([...squire, 'merge'])} ${quoted(at(`${kind}-`))}*.arrow ${commandLine(['--output', at(output)])}`
  const stats = ['--stats', at('stats.arrow')]
  const steps: readonly Step[] = [
    { name: 'calibrate', array: true, commands: (part) => [run('calibrate', []) + share('calibration', part)] },
    { name: 'merge', array: false, commands: () => [merge('calibration', 'stats.arrow')] },
    { name: 'evaluate', array: true, commands: (part) => [run('evaluate', stats) + share('evaluation', part)] },
    {
      name: 'quantize',
      array: false,
      commands: () => [
        merge('evaluation', 'evaluated.arrow'),
        run('quant', [...stats, '--evaluation', at('evaluated.arrow')]),
      ],
    },
  ]
  return steps
}

/** The parts that a step writes, by their names in the run's folder. */
export function partNames({ name, array }: Step, parts: number): readonly string[] {
  const kind = name === 'calibrate' ? 'calibration' : 'evaluation'
  return array ? Array.from({ length: parts }, (_, i) => `${kind}-${i + 1}.arrow`) : []
}
