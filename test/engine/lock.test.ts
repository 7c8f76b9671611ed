import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { locked, shareLock } from '../../src/engine/lock.js'

/** Of several pieces of work under way: how many were at once, most. */
async function mostAtOnce(pieces: number): Promise<number> {
  let now = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++now)
    await setTimeout(20)
    now--
  }
  await Promise.all(Array.from({ length: pieces }, () => locked(work)))
  return most
}

it.each([
  { threads: 1, most: 1 },
  { threads: 3, most: 1 },
  { threads: 8, most: 4 },
])('of $threads threads that share the lock, $most have it at once', async ({ threads, most }) => {
  shareLock(threads)
  expect(await mostAtOnce(6)).toBe(most)
})

it('gives the lock back when the work fails', async () => {
  shareLock(1)
  await expect(locked(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const isNext = locked(async () => 'next')
  expect(await Promise.race([isNext, setTimeout(1000, 'too late')])).toBe('next')
})
