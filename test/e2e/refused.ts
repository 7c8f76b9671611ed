// What holds for every run that a user's mistake ends.

import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Ended, squire } from './squire.js'

let runs = 0

/**
 * Runs a command that must end with `status` and one error: no stack trace, no results, nothing left behind in the save-dir or among temporary
 * files. Gives the error.
 */
export async function refused(folder: string, status: number, args: readonly string[]): Promise<string> {
  return errorOf(await refusedRun(folder, status, args))
}

/** Runs one that must be refused before the model runs. */
export async function refusedAtOnce(folder: string, status: number, args: readonly string[]): Promise<string> {
  const ended = await refusedRun(folder, status, args)
  expect(ended.stdout).not.toContain('stage 2')
  return errorOf(ended)
}

async function refusedRun(folder: string, status: number, args: readonly string[]): Promise<Ended> {
  const own = join(folder, `refused-${++runs}`)
  const [saveDir, temporary] = [join(own, 'out'), join(own, 'tmp')]
  mkdirSync(temporary, { recursive: true })
  const ended = await squire(['quant', '-s', saveDir, '-cn', '1', ...args], { TMPDIR: temporary })
  expect(ended.stderr).toMatch(/^error: /m)
  expect(ended.stderr + ended.stdout).not.toMatch(/\n\s+at |internal error/)
  expect(ended.status).toBe(status)
  expect(ended.stdout).not.toMatch(/^(Files|Metric|Quantization Loss)/m)
  expect(existsSync(saveDir)).toBe(false)
  expect(readdirSync(own)).toEqual(['tmp'])
  expect(readdirSync(temporary)).toEqual([])
  return ended
}

const errorOf = ({ stderr }: Ended) => stderr.slice(stderr.search(/^error: /m))
