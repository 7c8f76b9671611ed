// The chosen options, as the run log shows them first.

import type { Config } from '../config/config.js'

/** One line an option that says something about this run. */
export function chosenOptions(config: Config): string[] {
  const quant: [string, string | undefined][] = [
    ['chip', `${config.chip}, ${config.bitWidth} bit`],
    ['modes', config.modes.map((mode) => (mode === 'percentile' ? `${mode} (${config.percent})` : mode)).join(', ')],
    ['save-dir', config.saveDir],
    ['statistics cache', config.cacheDistribution],
  ]
  const all: [string, string | undefined][] = [
    ['model', config.model],
    ...(config.runMode === 'quant' || config.runMode === 'auto_quant' ? quant : []),
    ['script', config.userScript],
    ['infer function', config.inferFunction],
    ['data', config.data],
    ['drawn', drawn(config)],
    ['iterations', `${config.iterations === 'all' ? 'all' : config.iterations.join(', ')}${evaluated(config)}`],
    ['batch size', String(config.batchSize)],
    ['workers', String(config.cpuNum)],
  ]
  return all.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(16)} ${value}`]))
}

function drawn({ selection: { samples, perClass, seed } }: Config): string | undefined {
  const parts = [
    ...(samples === undefined ? [] : [`${samples} samples`]),
    ...(perClass === undefined ? [] : [`${perClass} of each class`]),
  ]
  return parts.length === 0 ? undefined : `${parts.join(', ')} by seed ${seed}`
}

function evaluated({ evalIteration }: Config): string {
  return evalIteration === undefined ? '' : `, evaluated on ${evalIteration}`
}
