import { setTimeout } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type MapOptions, mapForwards } from '../../../src/dataset/script/mapForwards.js'
import type { Outputs, TensorLike } from '../../../src/dataset/types.js'

const tensor = (x: number): TensorLike => ({ data: Float32Array.of(x), dims: [1] })
const answer = (x: unknown) => Object.assign([x], { byName: {} }) as unknown as Outputs

function model(more: Partial<MapOptions> = {}) {
  const order: number[] = []
  let [active, peak] = [0, 0]
  const options: MapOptions = {
    atOnce: 3,
    most: Number.POSITIVE_INFINITY,
    stopped: () => false,
    forward: async (_, [input]) => {
      order.push(Number(input!.data[0]))
      await setTimeout(1)
      return answer(Number(input!.data[0]) * 2)
    },
    ...more,
  }
  return {
    options,
    order,
    peak: () => peak,
    load: (wait: (item: number) => number) => async (item: number) => {
      active++
      peak = Math.max(peak, active)
      await setTimeout(wait(item))
      return tensor(item)
    },
    use: ([doubled]: Outputs, item: number) => {
      active--
      return Number(doubled) + item
    },
  }
}

describe('executor.map', () => {
  it('gives results and makes forwards in the order of the items, a few at a time, however long loads take', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (waits, atOnce) => {
          const { options, order, peak, load, use } = model({ atOnce })
          const items = waits.map((_, i) => i)
          const results = await mapForwards(
            items,
            load((i) => waits[i]!),
            use,
            options,
          )
          expect(results).toEqual(items.map((i) => 3 * i))
          expect(order).toEqual(items)
          expect(peak()).toBeLessThanOrEqual(atOnce)
        },
      ),
      { numRuns: 20 },
    ))

  it('takes no more items than it should, from a generator that it closes', async () => {
    let closed = false
    async function* endless() {
      try {
        for (let i = 0; ; i++) yield i
      } finally {
        closed = true
      }
    }
    const { options, order, load, use } = model({ most: 4 })
    expect(
      await mapForwards(
        endless(),
        load(() => 0),
        use,
        options,
      ),
    ).toEqual([0, 3, 6, 9])
    expect(order.length).toBe(4)
    expect(closed).toBe(true)
  })

  it('stops taking items when it is told', async () => {
    const { options, order, load, use } = model({ atOnce: 1, stopped: () => order.length === 2 })
    expect(
      await mapForwards(
        [0, 1, 2, 3],
        load(() => 0),
        use,
        options,
      ),
    ).toEqual([0, 3])
  })

  it('takes several inputs', async () => {
    const seen: number[] = []
    const forward = async (_: number, inputs: readonly TensorLike[]) => {
      seen.push(inputs.length)
      return answer(0)
    }
    await mapForwards(
      [1],
      () => [tensor(1), tensor(2)],
      () => 0,
      model({ forward }).options,
    )
    expect(seen).toEqual([2])
  })

  it('fails as the first item that failed, and begins no more', async () => {
    const { options, order, use } = model()
    const load = async (item: number) => {
      await setTimeout(item === 1 ? 5 : 0)
      if (item === 1 || item === 2) throw new Error(`item ${item}`)
      return tensor(item)
    }
    await expect(mapForwards(Array(100).keys(), load, use, options)).rejects.toThrow('item 1')
    expect(order.length).toBeLessThan(10)
  })
})
