// How long work is shown: bars on a terminal, a few plain lines in a pipe. Both on stderr.

import type { MultiBar } from 'cli-progress'
import type { ProgressTask } from '../types.js'
import { duration, type Terminal } from './terminal.js'
import type { WholeRun } from './whole.js'

export interface Progress {
  start(title: string, total: number, unit: string): ProgressTask
  /** Prints a line without breaking a bar that is on the screen; false: there is none, print it yourself. */
  printAbove(line: string): boolean
  /** Leaves the last line of the screen to somebody else's bar, until the next work is shown. */
  yield(): void
  /** Leaves the screen as it is, even when work was cut short. */
  stop(): void
}

/** Work that takes less than this has a line at its end alone. */
const QUICK_MS = 3000

/** Lines once it is clear that work takes a while, then one after another 10 % and 2 s, or after 10 s, and one at the end. */
export function plainProgress({ stderr, now }: Terminal, whole?: WholeRun): Progress {
  function start(title: string, total: number, unit: string): ProgressTask {
    const began = now()
    let shown = { done: 0, time: began }
    let finished = false
    let last = 0
    const print = (text: string) => stderr.write(`${title}: ${text}\n`)
    const show = () => {
      clearTimeout(first)
      shown = { done: last, time: now() }
      const share = Math.floor((last / total) * 100)
      const { rate, left } = pace(last, total, shown.time - began)
      const all = whole?.text()
      const more = last === 0 ? '' : ` (${share} %), ${rate}/s, ${left} left${all === undefined ? '' : `; ${all}`}`
      print(`${last} of ${counted(total, unit)}${more}`)
    }
    const first = setTimeout(show, QUICK_MS).unref()
    return {
      update(done) {
        whole?.advance(done - last)
        last = done
        if (finished || done >= total || now() - began < QUICK_MS) return
        const waited = now() - shown.time
        if (waited >= 10_000 || (waited >= 2000 && done - shown.done >= total / 10)) show()
      },
      finish() {
        if (finished) return
        finished = true
        clearTimeout(first)
        const milliseconds = now() - began
        // Work that was cut short ends where it was.
        const count = last < total ? `${last} of ${counted(total, unit)}` : counted(total, unit)
        print(`${count} in ${duration(milliseconds / 1000)}, ${pace(last, total, milliseconds).rate}/s`)
      },
    }
  }
  return { start, printAbove: () => false, yield() {}, stop() {} }
}

/** `unit` is a plural: "samples". */
function counted(count: number, unit: string): string {
  return `${count} ${count === 1 ? unit.replace(/s$/, '') : unit}`
}

/** Bars by cli-progress; they share one block at the bottom of the screen while any of them runs. */
export async function barProgress({ stderr, now }: Terminal, whole?: WholeRun): Promise<Progress> {
  const { MultiBar, Presets } = (await import('cli-progress')).default
  const format = '{title} [{bar}] {percentage} % | {value}/{total} {unit} | {rate}/s | {left} left{all}'
  const options = { format, stream: stderr as NodeJS.WritableStream, gracefulExit: false, barsize: 24, fps: 5 }
  let block: MultiBar | undefined
  let running = 0

  function stop(): void {
    block?.update()
    block?.stop()
    block = undefined
    running = 0
  }

  function start(title: string, total: number, unit: string): ProgressTask {
    const began = now()
    block ??= new MultiBar(options, Presets.legacy)
    running++
    const mine = block
    const bar = mine.create(total, 0, { title, unit, rate: '-', left: '-', all: '' })
    let finished = false
    let last = 0
    return {
      update(done) {
        whole?.advance(done - last)
        last = done
        const all = whole?.text()
        bar.update(done, { ...pace(done, total, now() - began), all: all === undefined ? '' : ` | ${all}` })
      },
      finish() {
        if (finished) return
        finished = true
        if (mine === block && --running === 0) stop()
      },
    }
  }

  function printAbove(line: string): boolean {
    block?.log(`${line}\n`)
    return block !== undefined
  }

  return { start, printAbove, yield: stop, stop }
}

function pace(done: number, total: number, milliseconds: number): { rate: string; left: string } {
  const seconds = milliseconds / 1000
  if (done === 0 || seconds === 0) return { rate: '-', left: '-' }
  const rate = done / seconds
  return { rate: rate < 100 ? rate.toFixed(1) : rate.toFixed(0), left: duration((total - done) / rate) }
}
