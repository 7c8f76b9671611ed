import { describe, expect, test } from 'vitest'
import { SquireError } from '../../src/errors.js'
import { load, loadAhead } from '../../workers/load.js'

type Dataset = Parameters<typeof load>[1]
const sample = { index: 3, id: 'three' }
const datasetOf = (loadOne: () => Promise<unknown>) => ({ id: () => 'three', load: loadOne }) as unknown as Dataset
const failure = (message: string, code?: string) =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

describe('a sample whose loading fails', () => {
  test.each([
    ['too many open files', failure('open', 'EMFILE')],
    ['no memory', failure('Array buffer allocation failed')],
    ['either, inside another error', new SquireError('DATA', 'sample', { cause: failure('open', 'ENFILE') })],
  ])('for a while, for want of %s, is loaded all the same', async (_, error) => {
    let tries = 0
    const dataset = datasetOf(async () => {
      if (++tries < 3) throw error
      return { feeds: {}, label: 1 }
    })
    expect(await load(sample, dataset)).toEqual({ kind: 'good', feeds: {}, label: 1 })
  })

  test('for good, for want of open files, is no bad sample: the run ends', async () => {
    const dataset = datasetOf(async () => {
      throw failure('open', 'EMFILE')
    })
    await expect(load(sample, dataset)).rejects.toMatchObject({
      code: 'SHORTAGE',
      message: /^sample "three" cannot be/,
    })
  })

  test('for any other reason is bad', async () => {
    const dataset = datasetOf(async () => {
      throw failure('cut short')
    })
    expect(await load(sample, dataset)).toMatchObject({ kind: 'bad', reason: { code: 'DATA' } })
  })

  test('ahead of one that ends the run goes unnoticed', async () => {
    const dataset = { id: (i: number) => (i === 0 ? 'other' : `${i}`), load: async () => ({}) } as unknown as Dataset
    const samples = [0, 1, 2].map((index) => ({ index, id: 'x' }))
    await expect(loadAhead(samples, 2, dataset).next()).rejects.toThrow('is "x" on the main thread and "other"')
  })
})
