// The command line's Reporter: stages, notes by level, progress, and at the end the stages' times and the results.
// With --json stdout carries the result alone; everything else goes to stderr.

import type { Config } from '../../config/config.js'
import { printable } from '../../printable.js'
import { resultJson } from '../json.js'
import { chosenOptions } from '../text/options.js'
import { resultLines } from '../text/results.js'
import type { Reporter, RunResult } from '../types.js'
import { barProgress, plainProgress } from './progress.js'
import { StageTimes } from './stageTimes.js'
import { painter, processTerminal, type Terminal } from './terminal.js'
import { WholeRun } from './whole.js'

export interface ConsoleReporter extends Reporter {
  /** The options of the run, first thing. */
  options(config: Config): void
  /** What the run gave, last thing. */
  results(result: RunResult): Promise<void>
  /** Every line so far but those of debugging, whatever is shown: for a file. */
  log(): string
  /** Ends the stage and the bars on the screen, and says how long each stage took. */
  finish(): void
  /** The same of a run that failed, whose stages' times are not told. */
  stop(): void
}

export async function createReporter(config: Config, terminal: Terminal = processTerminal()): Promise<ConsoleReporter> {
  const { stdout, stderr, now, environment } = terminal
  const whole = new WholeRun(now)
  const progress = stderr.isTTY === true ? await barProgress(terminal, whole) : plainProgress(terminal, whole)
  const log = config.json ? stderr : stdout
  const paint = painter(log, environment)
  const paintWarning = painter(stderr, environment)
  const times = new StageTimes(now)
  const lines: string[] = []
  /** Whether what user code printed ended its line. */
  let atLineStart = true

  function print(stream: typeof stdout, line: string): void {
    if (stream.isTTY && progress.printAbove(line)) return
    stream.write(`${line}\n`)
  }

  /** What is left of a run that failed is its error: nobody needs the times of its stages. */
  function stop(): void {
    progress.stop()
    times.forget()
  }

  function finish(): void {
    progress.stop()
    const line = times.finish()
    if (line === undefined) return
    lines.push(line)
    print(log, line)
  }

  return {
    options(options) {
      const chosen = chosenOptions(options).map(printable)
      lines.push(...chosen)
      if (config.logLevel > 1) return
      for (const line of chosen) print(log, line)
    },
    stage(name, of) {
      const title = `stage ${times.begin(name)}${of === undefined ? '' : ` of ${of}`}, ${name}`
      lines.push(title)
      print(log, paint('bold', title))
    },
    info(line) {
      lines.push(printable(line))
      if (config.logLevel <= 1) print(log, printable(line))
    },
    warn(line) {
      lines.push(`warning: ${printable(line)}`)
      if (config.logLevel <= 2) print(stderr, `${paintWarning('yellow', 'warning:')} ${printable(line)}`)
    },
    debug(line) {
      if (config.logLevel === 0) print(stderr, printable(`debug: ${line}`))
    },
    output(name, text) {
      lines.push(text.replace(/\n$/, ''))
      const stream = name === 'stdout' ? log : stderr
      if (!stream.isTTY) {
        stream.write(text)
        return
      }
      // Whole lines go above a bar of squire's. What does not end its line is a bar of the script's own.
      const isWhole = atLineStart && text.endsWith('\n') && !text.includes('\r')
      atLineStart = text.endsWith('\n')
      if (isWhole) print(stream, text.slice(0, -1))
      else {
        progress.yield()
        stream.write(text)
      }
    },
    workload: (samples) => whole.expect(samples),
    progress: progress.start,
    async results(result) {
      finish()
      lines.push(...(await resultLines(result, config, (_, text) => text)))
      if (config.json) stdout.write(resultJson(result, config))
      else for (const line of await resultLines(result, config, paint)) print(stdout, line)
    },
    log: () => `${lines.join('\n')}\n`,
    finish,
    stop,
  }
}
