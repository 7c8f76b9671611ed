// `squire cluster ENGINE`: a run in parts on machines that share a folder. Writes what the engine runs; with --submit starts it and shows its progress.

import { join, resolve } from 'node:path'
import type { ClusterRun, Written } from '../../cluster/types.js'
import type { Config } from '../../config/config.js'
import { foreign } from '../../config/foreign.js'
import { SquireError } from '../../errors.js'
import { type ClusterLine, clusterOptions, engines, readClusterLine } from '../clusterLine.js'
import { configure } from '../configure.js'
import { listenForSignals } from '../signals.js'
import type { Command } from './types.js'

export const cluster: Command = {
  usage: `cluster ${engines.join('|')} --parts N [--submit] -m model.onnx [options of squire quant] -s DIR`,
  description:
    'Runs a quantization on several machines that share a folder. Writes into DIR/cluster what the engine runs. The results are those of `squire quant`, byte for byte.',
  operands: engines,
  options: clusterOptions,
  foreign,
  epilogue: `
Examples:
  squire cluster slurm --parts 20 --submit -m model.onnx -d images/ -i all -s out
  squire cluster parallel --parts 4 --hosts node1 node2 --submit -m model.onnx -d images/ -i all -s out
  squire cluster kubernetes --parts 20 --image me/squire --claim data:/data -m /data/model.onnx -d /data/images -i all -s /data/out
`,
  async run(argv) {
    const line = readClusterLine(argv)
    // All that is wrong with the run itself is told now, not by every machine.
    const { config } = await configure(['quant', ...line.words])
    refuseOwnParts(config)
    requireParts(config)
    const run = await clusterRun(line, config.saveDir)
    const written = await engineFiles(line, run, config)
    const { saveAll } = await import('../../files/save.js')
    await saveAll(run.folder, written.files)
    if (line.own.submit) return start(line, run, written, config)
    const files = [...written.files.keys()].map((name) => `${join(run.folder, name)}\n`)
    process.stdout.write(`${files.join('')}start it with: ${written.start.join(' ')}\n`)
    return 0
  },
}

/** The steps of the run say these themselves. */
function refuseOwnParts({ part, output, stats, evaluation }: Config): void {
  const given = { '--part': part, '--output (-o)': output, '--stats': stats, '--evaluation': evaluation }
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? []
  if (name === undefined) return
  throw new SquireError('USAGE', `squire cluster makes parts and merges them itself: leave ${name} out`)
}

/** Every machine would refuse these. */
function requireParts({ runMode, data, userScript, inputConfigs }: Config): void {
  if (runMode !== 'quant') {
    throw new SquireError('USAGE', `--run-mode (-r) ${runMode}: squire cluster runs --run-mode (-r) quant only`)
  }
  if (data !== undefined || userScript !== undefined || inputConfigs !== undefined) return
  throw new SquireError('USAGE', 'squire cluster needs a dataset to divide: a folder or file (-d), or a script (-uds)')
}

async function clusterRun({ engine, own, words }: ClusterLine, saveDir: string): Promise<ClusterRun> {
  const { parts } = own
  if (parts === undefined) {
    throw new SquireError('USAGE', 'squire cluster: into how many parts? Give --parts, at least as many as machines.')
  }
  const { stepsOf } = await import('../../cluster/steps.js')
  const folder = join(saveDir, 'cluster')
  const self = engine === 'kubernetes' ? ['squire'] : [process.execPath, process.argv[1]!]
  const squire = own.squire?.split(/\s+/) ?? self
  return {
    name: 'squire',
    parts,
    steps: stepsOf({ squire, words, parts, folder }),
    workingFolder: process.cwd(),
    folder,
  }
}

async function engineFiles({ engine, own }: ClusterLine, run: ClusterRun, config: Config): Promise<Written> {
  switch (engine) {
    case 'slurm':
      return (await import('../../cluster/slurm.js')).slurm(run, own)
    case 'parallel':
      return (await import('../../cluster/parallel.js')).parallel(run, own)
    case 'kubernetes': {
      const { kubernetes } = await import('../../cluster/kubernetes.js')
      const { podImage: image, claim } = own
      const [, name, mount] = /^([^:]+):(\/.*)$/.exec(claim ?? '') ?? []
      if (image === undefined || name === undefined || mount === undefined) {
        throw new SquireError(
          'USAGE',
          'squire cluster kubernetes: pods need --image, the container image with squire, and --claim NAME:/PATH, the volume claim with model, data and save-dir and where it is mounted.',
        )
      }
      requireClaimed(config, mount)
      return kubernetes(run, { ...own, image, claim: name, mount })
    }
  }
}

/** Pods have no other folder; a script may lie in their image. */
function requireClaimed({ model, saveDir, userScript, data }: Config, mount: string): void {
  // What a script makes of -d is its own affair.
  const folder = userScript === undefined && data !== undefined ? resolve(data) : undefined
  const paths = { '--model (-m)': model, '--save-dir (-s)': saveDir, '--data (-d)': folder }
  for (const [option, path] of Object.entries(paths)) {
    if (path === undefined || join(path, '/').startsWith(join(mount, '/'))) continue
    throw new SquireError(
      'USAGE',
      `squire cluster kubernetes: ${option} is ${path}, which pods do not have: expected a path in ${mount}, where they see the claim`,
    )
  }
}

/** Starts the run and waits for its end. */
async function start({ engine }: ClusterLine, run: ClusterRun, written: Written, config: Config): Promise<number> {
  const [{ createReporter }, { submit }, { squeueHasJobs }] = await Promise.all([
    import('../../report/console/reporter.js'),
    import('../../cluster/submit.js'),
    import('../../cluster/squeue.js'),
  ])
  const { signal } = listenForSignals()
  const reporter = await createReporter(config)
  const isAlive = engine === 'slurm' ? squeueHasJobs : undefined
  try {
    await submit(run, written, join(config.saveDir, 'report.json'), { reporter, signal, isAlive })
  } finally {
    reporter.finish()
  }
  process.stdout.write(`${config.saveDir}\n`)
  return 0
}
