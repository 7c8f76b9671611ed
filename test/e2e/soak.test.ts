// Whatever dies, whenever: started again until it ends, a run writes the bytes of an undisturbed one, leaves no process and no temporary file.
// SQUIRE_SOAK=1000 makes that many rounds, SQUIRE_SOAK_SEED other ones.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Mt19937 } from '../../src/dataset/builtin/mt19937.js'
import { faults } from './faulty.js'
import { contents, type Ended, fixture, start, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const rounds = Number(process.env.SQUIRE_SOAK ?? 6)
const seed = Number(process.env.SQUIRE_SOAK_SEED ?? 2)

const SAMPLES = 24
const folder = temporaryFolder()
const model = write(tiny(), folder, 'tiny.onnx')
const script = ['-uds', fixture('tiny.mjs'), '-if', 'soak', '-i', String(SAMPLES)]
const args = ['quant', '-m', model, ...script, '-qm', 'kl', 'mse', '--refine', 'fast', '--eval-iteration', '12']

const targets = ['supervisor', 'engine', 'group'] as const
/** SIGSTOP is followed by SIGCONT. */
const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGSTOP'] as const
/** Reading the model, calibration, thresholds, fixed point, evaluation and writing: each stage of a run. */
const STAGES = 5

/** What befalls one start of the command. */
interface Disaster {
  readonly workers: number
  /** Samples whose loading ends the worker. */
  readonly deadly: readonly number[]
  /** undefined: nothing is sent. */
  readonly strike:
    | {
        readonly target: (typeof targets)[number]
        readonly signal: (typeof signals)[number]
        readonly stage: number
        /** After the beginning of the stage. */
        readonly afterMs: number
      }
    | undefined
}

const calm: Disaster = { workers: 2, deadly: [], strike: undefined }

/** `stageMs`: how long each stage of an undisturbed run takes. */
function draw(random: Mt19937, stageMs: readonly number[]): Disaster {
  const below = (bound: number) => Math.floor(random.randomSample() * bound)
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!
  const stage = 1 + below(STAGES)
  const strike = { target: oneOf(targets), signal: oneOf(signals), stage, afterMs: below(stageMs[stage - 1]! + 5) }
  // A task that loses three workers is given up.
  const deadly = below(4) === 0 ? Array.from({ length: 1 + below(2) }, () => below(SAMPLES)) : []
  return { workers: 1 + below(2), deadly, strike: deadly.length > 0 && below(2) === 0 ? undefined : strike }
}

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

const isAlive = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z'
  } catch {
    return false
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function send({ target, signal }: NonNullable<Disaster['strike']>, supervisor: number): Promise<void> {
  const pid = target === 'engine' ? childrenOf(supervisor)[0] : target === 'group' ? -supervisor : supervisor
  try {
    if (pid !== undefined) process.kill(pid, signal)
    if (signal !== 'SIGSTOP') return
    await wait(100)
    if (pid !== undefined) process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended already.
  }
}

interface Run {
  readonly out: string
  readonly temporary: string
  readonly name: string
}

async function suffer({ out, temporary, name }: Run, more: readonly string[], disaster: Disaster): Promise<Ended> {
  const { workers, deadly, strike } = disaster
  const environment = { SQUIRE_CHECKPOINT_SECONDS: '0.01', TMPDIR: temporary }
  const deaths = faults(folder, name, Object.fromEntries(deadly.map((sample) => [sample, 'exit'])))
  const { child, ended } = start([...args, '-s', out, '-cn', String(workers), ...more], { ...environment, ...deaths })
  const engines = new Set<number>()
  let text = ''
  let sent: Promise<void> | undefined
  child.stdout.on('data', (data) => {
    text += data
    for (const pid of childrenOf(child.pid!)) engines.add(pid)
    if (strike === undefined || sent !== undefined || !text.includes(`stage ${strike.stage} of `)) return
    sent = wait(strike.afterMs).then(() => send(strike, child.pid!))
  })
  const end = await ended
  await sent
  // An engine whose supervisor was killed follows soon.
  for (let tries = 0; [...engines].some(isAlive) && tries < 100; tries++) await wait(50)
  expect([...engines].filter(isAlive)).toEqual([])
  return end
}

/** 0, or the status of a signal that ends the command. */
function expectedStatuses({ strike }: Disaster): number[] {
  if (strike === undefined || strike.signal === 'SIGSTOP') return [0]
  if (strike.signal === 'SIGKILL' && strike.target === 'engine') return [0]
  return [0, 128 + constants.signals[strike.signal]]
}

describe.concurrent('through all disasters', () => {
  let reference: Record<string, string>
  let stageMs: number[]
  const counts: Record<string, number> = {}
  const count = (what: string, times = 1) => {
    counts[what] = (counts[what] ?? 0) + times
  }
  const runOf = (name: string): Run => {
    const temporary = join(folder, `tmp-${name}`)
    mkdirSync(temporary)
    return { out: join(folder, name), temporary, name }
  }

  beforeAll(async () => {
    const run = runOf('reference')
    const end = await suffer(run, [], calm)
    expect(end.status, end.stderr).toBe(0)
    const [, times] = /^Time: (.*);/m.exec(end.stdout)!
    stageMs = times!.split(', ').map((time) => Number(/([\d.]+) s$/.exec(time)![1]) * 1000)
    expect(stageMs).toHaveLength(STAGES)
    reference = contents(run.out)
    return () => console.log(`soak, ${rounds} rounds of seed ${seed}: ${JSON.stringify(counts)}`)
  })

  test.each(Array.from({ length: rounds }, (_, i) => i))('a run writes the same bytes (%i)', async (round) => {
    const random = new Mt19937(seed * 10_000 + round)
    const run = runOf(`round-${round}`)
    for (let starts = 0; ; starts++) {
      const disaster = starts < 1 + (round % 2) ? draw(random, stageMs) : calm
      const end = await suffer({ ...run, name: `${run.name}-${starts}` }, starts === 0 ? [] : ['--resume'], disaster)
      const status = end.status ?? 128 + constants.signals[end.signal!]
      const told = `${JSON.stringify(disaster)}\n${end.stderr}`
      expect(expectedStatuses(disaster), told).toContain(status)
      expect(end.stderr, told).not.toMatch(/\n\s+at |internal error/)
      const { strike } = disaster
      if (strike !== undefined) count(`${strike.signal} to the ${strike.target} in stage ${strike.stage}`)
      count(`status ${status}`)
      count('workers dead', end.stderr.match(/a worker died/g)?.length ?? 0)
      count('engines dead', end.stderr.match(/starting it again/g)?.length ?? 0)
      if (status === 0) break
    }
    expect(contents(run.out)).toEqual(reference)
    // What was killed has left its temporary files; whoever started next has removed them.
    expect(readdirSync(run.temporary)).toEqual([])
  })
})
