// GNU parallel: the parts over ssh on machines that share a folder, or on this one.

import { join } from 'node:path'
import { quoted } from './shell.js'
import type { ClusterRun, Step, Written } from './types.js'

export interface ParallelOptions {
  /** Machines, as parallel's --sshlogin takes them; ":" is this one. */
  readonly hosts: readonly string[]
}

export function parallel(run: ClusterRun, options: ParallelOptions): Written {
  const submit = join(run.folder, 'submit.sh')
  const steps = run.steps.map((step) => (step.array ? inParts(run, step, options) : step.commands('').join('\n')))
  const content = `#!/bin/bash
set -eu
cd ${quoted(run.workingFolder)}
${steps.join('\n')}
`
  return { files: new Map([['submit.sh', content]]), start: ['bash', submit] }
}

/** One part a machine at a time: squire uses all of its cores. A part is tried again, elsewhere where there is another machine. */
function inParts(run: ClusterRun, step: Step, { hosts }: ParallelOptions): string {
  const command = step.commands('{}').join(' && ')
  const log = join(run.folder, `${step.name}.joblog`)
  return `parallel --will-cite --jobs 1 --retries 3 --sshlogin ${quoted(hosts.join(','))} --workdir ${quoted(run.workingFolder)} --joblog ${quoted(log)} ${quoted(command)} ::: $(seq ${run.parts})`
}
