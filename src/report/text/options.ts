// The chosen options, as the run log shows them first: those that say what every run is, then all others that shape the result, where they are not
// what they are by default.

import type { Config } from '../../config/config.js'
import { flatten } from '../../config/option.js'
import { options } from '../../config/options/index.js'
import { isReadBy } from '../../config/otherRuns.js'

/** One line an option that says something about this run. */
export function chosenOptions(config: Config): string[] {
  const quant: [string, string | undefined][] = [
    ['chip', `${config.chip}, ${config.bitWidth} bit`],
    ['modes', config.modes.map((mode) => (mode === 'percentile' ? `${mode} (${config.percent})` : mode)).join(', ')],
    ['zero points', config.zeroPoints],
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
    ...otherOptions(config),
    ['workers', String(config.cpuNum)],
  ]
  const shown = all.filter(([, value]) => value !== undefined)
  const width = Math.max(16, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `  ${name.padEnd(width)} ${value}`)
}

/** Those that have lines of their own above, with what belongs to them. */
const shownApart: ReadonlySet<string> = new Set([
  ...[
    'chip',
    'bitWidth',
    'modes',
    'percent',
    'zeroPoints',
    'inferFunction',
    'iterations',
    'evalIteration',
    'batchSize',
  ],
  ...['selection.samples', 'selection.perClass', 'selection.seed'],
])
/** Files whose content shapes the result, as their paths do not. */
const files: ReadonlySet<string> = new Set(['mixConfig', 'loadScaleJson', 'stats', 'evaluation'])

/** By their long names. */
function otherOptions(config: Config): [string, string][] {
  return flatten(options).flatMap(([key, option]): [string, string][] => {
    const shapes = option.decides !== false || files.has(key)
    if (!shapes || shownApart.has(key) || !isReadBy(config.runMode, option)) return []
    const value = key.split('.').reduce<unknown>((held, part) => (held as Record<string, unknown>)[part], config)
    return value === usual(key, option.fallback) ? [] : [[option.long, asWords(value)]]
  })
}

/** The order of channels depends on the infer function. */
function usual(key: string, fallback: unknown): unknown {
  return key === 'image.colorSpace' ? 'BGR' : fallback
}

/** A list with commas; of several lists each with spaces. */
function asWords(value: unknown): string {
  if (value === true) return 'yes'
  if (!Array.isArray(value)) return String(value)
  if (value.some((entry) => typeof entry === 'object' && !Array.isArray(entry))) return JSON.stringify(value)
  return value.map((entry) => (Array.isArray(entry) ? entry.join(' ') : String(entry))).join(', ')
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
