// A Slurm of its own for a test: munge, a controller and two nodes, all on this machine and in one folder.

import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Why there can be no Slurm here; undefined where there can. */
export function slurmIsMissing(): string | undefined {
  const programs = ['slurmctld', 'slurmd', 'munged', 'sbatch']
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
  const missing = programs.filter((name) => !folders.some((folder) => existsSync(join(folder, name))))
  if (missing.length > 0) return `${missing.join(', ')} not installed (Debian: slurm-wlm, munge)`
  return process.getuid?.() === 0 ? undefined : 'its daemons are started as root here, and this is another user'
}

export interface Slurm {
  /** For programs that talk to it. */
  readonly env: Readonly<Record<string, string>>
  /** Kills a node's daemon and all that it runs. */
  killNode(name: string): void
  /** The node that runs something, or undefined. */
  busyNodes(): readonly string[]
  stop(): Promise<void>
}

const nodes = ['n1', 'n2']

export async function startSlurm(): Promise<Slurm> {
  const folder = mkdtempSync(join(tmpdir(), 'squire-slurm-'))
  chmodSync(folder, 0o755)
  const conf = join(folder, 'slurm.conf')
  const env = { ...process.env, SLURM_CONF: conf, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }
  startMunge(folder, env)
  writeFileSync(conf, configuration(folder))
  mkdirSync(join(folder, 'state'))
  const daemon = (program: string, ...args: string[]) =>
    spawn(program, ['-D', '-f', conf, ...args], { env, stdio: 'ignore' })
  const controller = daemon('slurmctld')
  const daemons = new Map(nodes.map((name) => [name, daemon('slurmd', '-N', name)]))
  const slurm: Slurm = {
    env: { SLURM_CONF: conf, PATH: env.PATH },
    killNode(name) {
      daemons.get(name)!.kill('SIGKILL')
      const tasks = processesOf(conf, name)
      // A step's manager would report how its task ended, which a dead node does not: the managers go first.
      for (const pid of new Set([...tasks.flatMap(managerOf), ...tasks])) process.kill(pid, 'SIGKILL')
    },
    busyNodes: () => nodes.filter((name) => processesOf(conf, name).length > 0),
    async stop() {
      for (const name of nodes) slurm.killNode(name)
      controller.kill('SIGKILL')
      const munged = Number(readFileSync(join(folder, 'munge', 'pid'), 'utf8'))
      process.kill(munged, 'SIGTERM')
      // The last thing that munged does is to write its seed: the folder is not empty before.
      for (let tries = 0; tries < 100 && isRunning(munged); tries++) await sleep(50)
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
    },
  }
  for (let tries = 0; !areIdle(env); tries++) {
    if (tries === 60) {
      await slurm.stop()
      throw new Error('Slurm did not come up in 30 seconds')
    }
    await sleep(500)
  }
  return slurm
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** munge wants to be a user of its own, and folders that are its own. */
function startMunge(folder: string, env: NodeJS.ProcessEnv): void {
  const own = join(folder, 'munge')
  mkdirSync(own)
  const key = join(own, 'key')
  writeFileSync(key, randomBytes(1024), { mode: 0o400 })
  execFileSync('chown', ['-R', 'munge:munge', own])
  const files = { socket: 'socket', 'pid-file': 'pid', 'log-file': 'log', 'seed-file': 'seed', 'key-file': 'key' }
  const options = Object.entries(files).map(([option, name]) => `--${option}=${join(own, name)}`)
  execFileSync('runuser', ['-u', 'munge', '--', 'munged', ...options], { env })
}

function configuration(folder: string): string {
  const port = 17_800 + (process.pid % 1000) * 4
  const host = hostname()
  const node = (name: string, i: number) =>
    `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port + 2 + i} CPUs=1 State=UNKNOWN`
  return `ClusterName=squire
SlurmctldHost=${host}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket,cred_expire=10
SlurmctldPort=${port}
SlurmdPort=${port + 1}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2
SlurmdTimeout=5
${nodes.map(node).join('\n')}
PartitionName=all Nodes=${nodes.join(',')} Default=YES MaxTime=INFINITE State=UP
`
}

function areIdle(env: NodeJS.ProcessEnv): boolean {
  try {
    const states = execFileSync('sinfo', ['--noheader', '--Node', '--format=%T'], {
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    })
    return (
      states
        .trim()
        .split('\n')
        .filter((state) => state === 'idle').length === nodes.length
    )
  } catch {
    return false
  }
}

/** The slurmstepd that started a task's process, if that is its parent. */
function managerOf(pid: number): number[] {
  const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  return readFileSync(`/proc/${parent}/comm`, 'utf8').startsWith('slurmstepd') ? [parent] : []
}

/** The processes of tasks on a node: they know the node and this Slurm by their environment. */
function processesOf(conf: string, node: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isTask(name, conf, node))
    .map(Number)
}

function isTask(pid: string, conf: string, node: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    return words.includes(`SLURM_CONF=${conf}`) && words.includes(`SLURMD_NODENAME=${node}`)
  } catch {
    // It has ended meanwhile.
    return false
  }
}
