import { expect, it } from 'vitest'
import { plainProgress } from '../../../src/report/console/progress.js'
import { WholeRun } from '../../../src/report/console/whole.js'

it('tells the share of the whole run that is done, and the time left for all of it', () => {
  let time = 0
  const whole = new WholeRun(() => time)
  expect(whole.text()).toBeUndefined()
  whole.expect(600)
  expect(whole.text()).toBeUndefined()
  time = 30_000
  whole.advance(150)
  expect(whole.text()).toBe('run 25 %, 90 s left')
  whole.advance(600)
  expect(whole.text()).toBe('run 100 %, 0.0 s left')
})

it('counts the samples of every pass, and shows the run beside the pass', () => {
  let time = 0
  const lines: string[] = []
  const terminal = {
    stdout: { write() {} },
    stderr: { write: (text: string) => lines.push(text) },
    now: () => time,
    environment: {},
  }
  const whole = new WholeRun(() => time)
  const { start } = plainProgress(terminal, whole)
  whole.expect(300)
  const first = start('calibrating', 100, 'samples')
  time = 20_000
  first.update(100)
  first.finish()
  const second = start('evaluating kl', 100, 'samples')
  time = 30_000
  second.update(50)
  expect(lines.at(-1)).toBe('evaluating kl: 50 of 100 samples (50 %), 5.0/s, 10 s left; run 50 %, 30 s left\n')
})
