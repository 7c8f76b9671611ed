// Whatever dies, whenever: started again until it ends, a run writes the bytes of an undisturbed one.
// SQUIRE_SOAK=100 makes that many rounds, SQUIRE_SOAK_SEED other ones.

import { mkdirSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Mt19937 } from '../../src/dataset/script/mt19937.js'
import { faults } from './faulty.js'
import { classifier, contents, type Ended, fixture, start, temporaryFolder } from './squire.js'

const rounds = Number(process.env.SQUIRE_SOAK ?? 3)
const seed = Number(process.env.SQUIRE_SOAK_SEED ?? 2)

const SAMPLES = 96
const folder = temporaryFolder()
const temporary = join(folder, 'tmp')
mkdirSync(temporary)
const args = ['quant', '-m', classifier, '-uds', fixture('textlines.mjs'), '-if', 'dataset', '-i', String(SAMPLES)]
const environment = {
  SQUIRE_TEST_SIZE: String(SAMPLES),
  SQUIRE_CHECKPOINT_SECONDS: '0.1',
  // A small heap, so that filling it does not take gigabytes.
  NODE_OPTIONS: '--max-old-space-size=300',
  TMPDIR: temporary,
}

/** A worker dies thrice at most in one process: a task that loses three workers is given up. */
const workerDeaths = ['exit', 'uncaught', 'memory'] as const
const engineDeaths = ['abort', 'kill'] as const
/** Sent to the supervisor, or to it and its engine. */
const signals = ['SIGINT', 'SIGTERM', 'group SIGKILL'] as const

/** What befalls one start of the command. */
interface Disaster {
  readonly workers: number
  /** Sample -> how it fails. */
  readonly samples: Readonly<Record<number, string>>
  readonly signal: { readonly name: (typeof signals)[number]; readonly afterMs: number } | undefined
}

/** `duration`: of an undisturbed run, in milliseconds. */
function draw(random: Mt19937, duration: number): Disaster {
  const below = (bound: number) => Math.floor(random.randomSample() * bound)
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!
  const samples: Record<number, string> = {}
  const add = (deaths: readonly string[], most: number) => {
    for (let left = below(most + 1); left > 0; left--) {
      const when = oneOf(['', ` after ${below(duration)} ms`])
      samples[below(SAMPLES)] = `${oneOf(deaths)}${when}`
    }
  }
  add(workerDeaths, 2)
  add(engineDeaths, 2)
  const signal = { name: oneOf(signals), afterMs: below(duration) }
  return { workers: 1 + below(3), samples, signal: below(4) === 0 ? undefined : signal }
}

async function suffer(out: string, more: readonly string[], name: string, disaster: Disaster): Promise<Ended> {
  const { workers, samples, signal } = disaster
  const command = [...args, '-s', out, '-cn', String(workers), ...more]
  const { child, ended } = start(command, { ...environment, ...faults(folder, name, samples) })
  const timer = setTimeout(() => {
    if (signal?.name === 'group SIGKILL') process.kill(-child.pid!, 'SIGKILL')
    else if (signal !== undefined) child.kill(signal.name)
  }, signal?.afterMs)
  const end = await ended
  clearTimeout(timer)
  return end
}

/** 0, or the status that a disaster's signal ends the command with. */
function expectedStatuses({ signal }: Disaster): number[] {
  if (signal === undefined) return [0]
  return [0, 128 + constants.signals[signal.name === 'group SIGKILL' ? 'SIGKILL' : signal.name]]
}

describe('through all disasters', () => {
  let reference: Record<string, string>
  let duration: number
  const counts: Record<string, number> = {}
  const count = (what: string, times: number) => {
    counts[what] = (counts[what] ?? 0) + times
  }

  beforeAll(async () => {
    const since = performance.now()
    const out = join(folder, 'reference')
    const undisturbed = { workers: 2, samples: {}, signal: undefined }
    expect((await suffer(out, [], 'reference', undisturbed)).status).toBe(0)
    duration = Math.ceil(performance.now() - since)
    reference = contents(out)
    return () => console.log(`soak, ${rounds} rounds of seed ${seed}: ${JSON.stringify(counts)}`)
  })

  test.each(Array.from({ length: rounds }, (_, i) => i))('a run writes the same bytes (%i)', async (round) => {
    const random = new Mt19937(seed * 1000 + round)
    const out = join(folder, `round-${round}`)
    for (let starts = 0; ; starts++) {
      const disaster = starts < 4 ? draw(random, duration) : { workers: 2, samples: {}, signal: undefined }
      const end = await suffer(out, starts === 0 ? [] : ['--resume'], `${round}-${starts}`, disaster)
      const status = end.status ?? 128 + constants.signals[end.signal!]
      const told = `${JSON.stringify(disaster)}\n${end.stderr}`
      expect(expectedStatuses(disaster), told).toContain(status)
      expect(end.stderr, told).not.toMatch(/\n\s+at |internal error/)
      count(`status ${status}`, 1)
      count('workers dead', end.stderr.match(/a worker died/g)?.length ?? 0)
      count('engines dead', end.stderr.match(/starting it again/g)?.length ?? 0)
      if (status === 0) break
    }
    expect(contents(out)).toEqual(reference)
    // What was killed has left its temporary files; whoever started next has removed them.
    expect(readdirSync(temporary)).toEqual([])
  })
})
