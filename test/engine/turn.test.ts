import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { inTurn, shareTurn } from '../../src/engine/turn.js'

it('does one piece of work after the other, of threads that share turns', async () => {
  shareTurn()
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(`${name} begins`)
    await setTimeout(20)
    order.push(`${name} ends`)
  }
  await Promise.all([inTurn(work('a')), inTurn(work('b'))])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

it('gives the turn back when the work fails', async () => {
  shareTurn()
  await expect(inTurn(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const isNext = inTurn(async () => 'next')
  expect(await Promise.race([isNext, setTimeout(1000, 'too late')])).toBe('next')
})
