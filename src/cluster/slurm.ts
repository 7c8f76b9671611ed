// Slurm: a job array for each step in parts, each step after the one before. Slurm runs a task again when its node is lost (--requeue).

import { join } from 'node:path'
import { commandLine, quoted, tried } from './shell.js'
import type { ClusterRun, Step, Written } from './types.js'

export interface SlurmOptions {
  /** Further options of sbatch, for every job: "--partition=long --time=2:00:00". */
  readonly sbatch: string | undefined
}

export function slurm(run: ClusterRun, { sbatch }: SlurmOptions): Written {
  const scripts = run.steps.map((step) => [`${step.name}.sbatch`, script(run, step, sbatch)] as const)
  const submit = join(run.folder, 'submit.sh')
  return {
    files: new Map([...scripts, ['submit.sh', submission(run)]]),
    start: ['bash', submit],
  }
}

function script(run: ClusterRun, step: Step, sbatch: string | undefined): string {
  const log = join(run.folder, `${step.name}${step.array ? '-%a' : ''}.log`)
  const options = [
    `--job-name=${run.name}-${step.name}`,
    ...(step.array ? [`--array=1-${run.parts}`] : []),
    '--requeue',
    '--open-mode=append',
    `--chdir=${quoted(run.workingFolder)}`,
    `--output=${quoted(log)}`,
    ...(sbatch === undefined ? [] : [sbatch]),
  ]
  return `#!/bin/bash
${options.map((option) => `#SBATCH ${option}`).join('\n')}
${tried(step.commands('$SLURM_ARRAY_TASK_ID'))}`
}

/** Prints the jobs' numbers. Started again, it does not run finished parts again: squire finds them. */
function submission(run: ClusterRun): string {
  const lines = run.steps.map((step, i) => {
    const before = run.steps[i - 1]
    const after = before === undefined ? '' : ` --dependency="afterok:$${before.name}" --kill-on-invalid-dep=yes`
    const file = commandLine([join(run.folder, `${step.name}.sbatch`)])
    return `${step.name}=$(sbatch --parsable${after} ${file})\necho "$${step.name}"`
  })
  return `#!/bin/bash
set -eu
${lines.join('\n')}
`
}
