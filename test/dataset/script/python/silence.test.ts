import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchForSilence } from '../../../../src/dataset/script/python/silence.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watching(place?: string) {
  const warnings: string[] = []
  const quiet = watchForSilence({
    ask: () => place !== undefined && quiet.answered(place),
    warn: (line) => warnings.push(line),
    seconds: 60,
  })
  return { quiet, warnings }
}

it('tells where a silent script is, after a minute, then after two more', () => {
  const { quiet, warnings } = watching('script.py:12, in load')
  quiet.begin('infer function "f"')
  vi.advanceTimersByTime(59_000)
  expect(warnings).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(warnings).toEqual([
    'nothing heard of infer function "f" for 60 s; it is at script.py:12, in load. Ctrl-C ends the run',
  ])
  vi.advanceTimersByTime(119_000)
  expect(warnings.length).toBe(1)
  vi.advanceTimersByTime(1000)
  expect(warnings[1]).toContain('for 180 s')
})

it('says so when Python itself does not answer', () => {
  const { quiet, warnings } = watching()
  quiet.begin('infer function "f"')
  vi.advanceTimersByTime(62_000)
  expect(warnings[0]).toContain('Python does not answer: it is in native code')
})

it('is quiet while anything is heard, and while squire is at work', () => {
  const { quiet, warnings } = watching('here')
  quiet.begin('infer function "f"')
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(59_000)
    quiet.heard()
  }
  quiet.end()
  vi.advanceTimersByTime(3_600_000)
  expect(warnings).toEqual([])
})
