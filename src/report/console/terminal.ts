// The two streams a run speaks on, and what they can show. Results go to stdout; progress and warnings to stderr.

import { stdout } from './standardStreams.js'

export interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean
}

export interface Terminal {
  readonly stdout: Stream
  readonly stderr: Stream
  /** Milliseconds, monotonic. */
  now(): number
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function processTerminal(): Terminal {
  return { stdout, stderr: process.stderr, now: () => performance.now(), environment: process.env }
}

const codes = { bold: '1', yellow: '33', red: '31' } as const

/** Colours text for a terminal; leaves it alone in a pipe, and where NO_COLOR (no-color.org) is set. */
export function painter(stream: Stream, environment: Terminal['environment']) {
  const colored = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb'
  return (color: keyof typeof codes, text: string) => (colored ? `\x1b[${codes[color]}m${text}\x1b[0m` : text)
}

/** `0.8 s`, `75 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
