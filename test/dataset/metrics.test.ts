import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meanOf, topK } from '../../src/dataset/metrics.js'
import { asOutputs } from '../../src/dataset/tensors/outputs.js'
import type { Metric } from '../../src/dataset/types.js'

const outputs = (...scores: number[]) =>
  asOutputs({ scores: { type: 'float32', data: Float32Array.from(scores), dims: [1, scores.length] } }, ['scores'])

async function over<State>(metric: Metric<State, number>, samples: readonly (readonly [number[], number])[]) {
  let state = metric.initial()
  for (const [i, [scores, label]] of samples.entries()) state = await metric.update(state, outputs(...scores), label, i)
  return state
}

describe('topK', () => {
  it('counts labels among the highest scores', async () => {
    const samples = [
      [[0.1, 0.7, 0.2], 1],
      [[0.1, 0.7, 0.2], 2],
      [[0.1, 0.7, 0.2], 0],
    ] as const
    const shares = await Promise.all(
      [1, 2, 3].map(async (k) =>
        topK({ k }).value(
          await over(
            topK({ k }),
            samples.map(([s, l]) => [[...s], l]),
          ),
        ),
      ),
    )
    expect(shares).toEqual([1 / 3, 2 / 3, 1])
  })

  it('takes the lowest index of equal scores, as argmax does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 }),
        fc.nat(7),
        (scores, label) => {
          fc.pre(label < scores.length)
          const metric = topK()
          const { hits } = metric.update(metric.initial(), outputs(...scores), label, 0) as { hits: number }
          expect(hits).toBe(scores.indexOf(Math.max(...scores)) === label ? 1 : 0)
        },
      ),
    )
  })

  it('never counts a hit where the best score is NaN', async () => {
    expect(topK().value(await over(topK(), [[[0, Number.NaN, 1], 2]]))).toBe(0)
    expect(topK().value(await over(topK(), [[[0, Number.NaN, 1], 1]]))).toBe(0)
  })

  it('merges partial states to the state of the whole', async () => {
    const samples: [number[], number][] = [
      [[1, 0], 0],
      [[1, 0], 1],
      [[0, 1], 1],
    ]
    const metric = topK()
    const [a, b] = [await over(metric, samples.slice(0, 1)), await over(metric, samples.slice(1))]
    expect(metric.merge(a, b)).toEqual(await over(metric, samples))
  })

  it('refuses a label that is no class', async () => {
    await expect(over(topK(), [[[1, 0], 2]])).rejects.toThrow('label 2 is not a class index in [0, 2)')
    await expect(over(topK(), [[[1, 0], 'cat' as never]])).rejects.toThrow('label cat')
  })

  it('finds an output by name or position, and lists the names when it cannot', async () => {
    expect(topK({ output: 'scores' }).value(await over(topK({ output: 'scores' }), [[[1, 0], 0]]))).toBe(1)
    await expect(over(topK({ output: 3 }), [[[1, 0], 0]])).rejects.toThrow('the model has no output 3; it has "scores"')
  })
})

describe('meanOf', () => {
  const error = meanOf<number>('error', ([scores], label) => Math.abs(Number(scores?.data[0]) - label))

  it('is the mean of a number per sample', async () => {
    expect(
      error.value(
        await over(error, [
          [[1], 0],
          [[5], 2],
        ]),
      ),
    ).toBe(2)
  })

  it('fails where the number is not finite', async () => {
    await expect(
      over(error, [
        [[1], 0],
        [[Number.NaN], 2],
      ]),
    ).rejects.toThrow('"error" is NaN, expected a finite number')
  })
})
