// Kubernetes: an Indexed Job for each step in parts. Kubernetes has no order among jobs, so those after the first are suspended until the one
// before is complete: the script that starts the run, or `--submit`, resumes them.

import { join } from 'node:path'
import { commandLine, quoted } from './shell.js'
import type { ClusterRun, Step, Written } from './types.js'

export interface KubernetesOptions {
  /** A container image with squire. */
  readonly image: string
  /** A volume claim that all pods can mount, and where: the model, the data and the save-dir lie in it. */
  readonly claim: string
  readonly mount: string
  readonly namespace: string
  /** What a pod requests, as Kubernetes writes it: "4", "8Gi". */
  readonly cpus: string
  readonly memory: string
  /** Parts that run at the same time. */
  readonly parallelism: number
}

/** Times that a part is tried. */
const RETRIES = 3

export function kubernetes(run: ClusterRun, options: KubernetesOptions): Written {
  const jobs = { apiVersion: 'v1', kind: 'List', items: run.steps.map((step) => jobOf(run, step, options)) }
  return {
    files: new Map([
      ['jobs.json', `${JSON.stringify(jobs, null, 2)}\n`],
      ['submit.sh', submission(run, options.namespace)],
    ]),
    start: ['bash', join(run.folder, 'submit.sh')],
  }
}

const jobName = (run: ClusterRun, step: Step) => `${run.name}-${step.name}`

function jobOf(run: ClusterRun, step: Step, options: KubernetesOptions) {
  // Indices begin at 0, parts at 1.
  const commands = step.commands('$((JOB_COMPLETION_INDEX + 1))').join(' && ')
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(run, step), namespace: options.namespace, labels: { app: 'squire', run: run.name } },
    spec: {
      suspend: step !== run.steps[0],
      ...(step.array
        ? {
            completionMode: 'Indexed',
            completions: run.parts,
            parallelism: Math.min(run.parts, options.parallelism),
            backoffLimitPerIndex: RETRIES,
            maxFailedIndexes: 0,
          }
        : { backoffLimit: RETRIES }),
      podFailurePolicy: {
        rules: [
          // A lost node costs no try.
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          // The command line, the data or the chip are at fault: it would fail again.
          { action: 'FailJob', onExitCodes: { containerName: 'squire', operator: 'In', values: [2, 3, 4] } },
        ],
      },
      template: {
        metadata: { labels: { app: 'squire', run: run.name } },
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'squire',
              image: options.image,
              command: ['bash', '-c', commands],
              workingDir: run.workingFolder,
              resources: {
                requests: { cpu: options.cpus, memory: options.memory },
                limits: { cpu: options.cpus, memory: options.memory },
              },
              volumeMounts: [{ name: 'data', mountPath: options.mount }],
            },
          ],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: options.claim } }],
        },
      },
    },
  }
}

function submission(run: ClusterRun, namespace: string): string {
  const steps = run.steps.map((step) => `run_job ${quoted(jobName(run, step))}`)
  return `#!/bin/bash
set -eu
kubectl() { command kubectl ${commandLine(['--namespace', namespace])} "$@"; }
# Resumes a job and waits for its end.
run_job() {
  kubectl patch job "$1" --type=merge --patch '{"spec":{"suspend":false}}' > /dev/null
  while true; do
    case $(kubectl get job "$1" --output 'jsonpath={.status.conditions[?(@.status=="True")].type}') in
      *Failed*) echo "job $1 has failed: kubectl describe job $1" >&2; exit 5 ;;
      *Complete*) return ;;
    esac
    sleep 5
  done
}
kubectl apply --filename ${quoted(join(run.folder, 'jobs.json'))}
${steps.join('\n')}
`
}
