import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { locked, shareLock } from '../../src/engine/lock.js'

it('does one piece of work after the other, of threads that share the lock', async () => {
  shareLock()
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(`${name} begins`)
    await setTimeout(20)
    order.push(`${name} ends`)
  }
  await Promise.all([locked(work('a')), locked(work('b'))])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

it('gives the lock back when the work fails', async () => {
  shareLock()
  await expect(locked(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const isNext = locked(async () => 'next')
  expect(await Promise.race([isNext, setTimeout(1000, 'too late')])).toBe('next')
})
