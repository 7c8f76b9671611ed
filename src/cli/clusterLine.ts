// The command line of `squire cluster`: an engine, its own options, and those of `squire quant`, which go on to the machines as they are.

import { foreign } from '../config/foreign.js'
import { nested } from '../config/longNames.js'
import { flatten, option, type ValuesOf } from '../config/option.js'
import { readOptions } from '../config/read.js'
import { flag, integer, several, text } from '../config/values.js'
import { listed, SquireError } from '../errors.js'
import { quantOptions } from './configure.js'
import { display, flagsOf } from './flags.js'
import { parseCommandLine, type Written } from './program.js'

export const engines = ['slurm', 'kubernetes', 'parallel'] as const
export type Engine = (typeof engines)[number]

const group = 'Cluster'

const ownOptions = {
  parts: option(integer('N', 1, 100_000), {
    long: 'parts',
    group,
    help: 'parts that the samples are cut into (required)',
  }),
  submit: option(flag, { long: 'submit', group, help: 'start the run, and show its progress', fallback: false }),
  squire: option(text('COMMAND', 'a command'), {
    long: 'squire',
    group,
    help: 'how the machines start squire, in words of a shell',
    fallbackInWords: 'this very squire, by its path; in Kubernetes: squire',
  }),
  sbatch: option(text('OPTIONS', 'options of sbatch'), {
    long: 'sbatch-options',
    group,
    help: 'slurm: for every job, as "--partition=long --time=2:00:00 --cpus-per-task=16"',
  }),
  hosts: option(several(text('HOST', 'a machine')), {
    long: 'hosts',
    group,
    help: "parallel: machines, as parallel's --sshlogin takes them; ':' is this one",
    fallback: [':'],
  }),
  podImage: option(text('IMAGE', 'an image'), {
    long: 'image',
    group,
    help: 'kubernetes: the container image with squire (required)',
  }),
  claim: option(text('NAME:/PATH', 'a claim and its place'), {
    long: 'claim',
    group,
    help: 'kubernetes: the volume claim with model, data and save-dir, and where pods see it (required)',
  }),
  namespace: option(text('NAME', 'a namespace'), {
    long: 'namespace',
    group,
    help: 'kubernetes: the namespace',
    fallback: 'default',
  }),
  cpus: option(text('N', 'cores'), { long: 'pod-cpus', group, help: 'kubernetes: cores of a pod', fallback: '4' }),
  memory: option(text('SIZE', 'a size'), {
    long: 'pod-memory',
    group,
    help: 'kubernetes: memory of a pod',
    fallback: '4Gi',
  }),
  parallelism: option(integer('N', 1), {
    long: 'pods',
    group,
    help: 'kubernetes: parts that run at the same time',
    fallback: 100,
  }),
} as const

export const clusterOptions = { ...ownOptions, ...quantOptions }

export interface ClusterLine {
  readonly engine: Engine
  readonly own: ValuesOf<typeof ownOptions>
  /** The words of `squire quant` after its name, with long names. */
  readonly words: readonly string[]
}

/** @throws SquireError USAGE or CONFIG for what the tables do not allow */
export function readClusterLine(argv: readonly string[]): ClusterLine {
  const { operands, written } = parseCommandLine(argv, flagsOf(clusterOptions, foreign))
  const engine = engines.find((name) => name === operands[0])
  if (engine === undefined || operands.length > 1) {
    const got = operands.length === 0 ? 'none' : `"${operands.join(' ')}"`
    throw new SquireError('USAGE', `squire cluster: expected one engine, ${listed(engines)}, got ${got}`)
  }
  const own = new Map(flatten(ownOptions).map(([, { long }]) => [long, true]))
  const mine = new Map([...written].filter(([long]) => own.has(long)))
  const byKey = new Map(flatten(ownOptions))
  const values = readOptions(ownOptions, nested(mine, ownOptions), (key) => display(byKey.get(key)!))
  return { engine, own: values, words: wordsOf(new Map([...written].filter(([long]) => !own.has(long)))) }
}

/** Options as words again. */
function wordsOf(written: Written): string[] {
  const { byLong } = flagsOf(quantOptions, foreign)
  return [...written].flatMap(([long, value]) => {
    const { form } = byLong.get(long)!.value
    if (form === 'switch') return [`--${long}`]
    if (form === 'repeated') return (value as string[]).flatMap((mention) => [`--${long}`, ...mention.split(' ')])
    return [`--${long}`, ...(form === 'several' ? (value as string[]) : [String(value)])]
  })
}
