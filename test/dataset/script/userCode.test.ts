// Exceptions of a user's code are the user's to mend, wherever they come from.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openUserDataset } from '../../../src/dataset/script/userDataset.js'
import { explainedMetric } from '../../../src/dataset/script/userMetric.js'
import type { Metric } from '../../../src/dataset/types.js'
import { temporaryFolder } from '../../e2e/squire.js'

const fails = () => {
  throw new Error('my code broke')
}
const metric: Metric = { name: 'mine', initial: () => 0, update: (s) => s, merge: (a) => a, value: () => 1 }

describe('a metric', () => {
  test.each([
    ['initial', (m: Metric) => m.initial()],
    ['merge', (m: Metric) => m.merge(1, 2)],
    ['value', (m: Metric) => m.value(1)],
  ])('whose %s throws', (name, call) => {
    expect(() => call(explainedMetric({ ...metric, [name]: fails }))).toThrow(
      expect.objectContaining({
        code: 'USER_SCRIPT',
        message: expect.stringMatching(
          `^${name}\\(\\) of metric "mine" threw: my code broke \\(/.*userCode.test.ts:\\d+\\)$`,
        ),
      }),
    )
  })

  test('whose merge is async says so, and what it rejects with is not an uncaught error', () => {
    const rejecting = explainedMetric({ ...metric, merge: () => Promise.reject(new Error('late')) })
    expect(() => rejecting.merge(1, 2)).toThrow('merge() of metric "mine" gave a promise, expected the merged state')
  })

  test('says what it has to say of a state, or that it failed to', () => {
    const told = explainedMetric({ ...metric, details: (state) => `state ${state}` })
    expect(told.details!(3)).toBe('state 3')
    expect(() => explainedMetric({ ...metric, details: fails }).details!(3)).toThrow(
      'details() of metric "mine" threw: my code broke',
    )
  })

  test.each<[string, unknown, string]>([
    ['an object', { code: 7 }, '{ code: 7 }'],
    ['a symbol', Symbol('x'), 'Symbol(x)'],
    ['nothing', undefined, 'undefined'],
    [
      'a proxy that throws when it is looked at',
      new Proxy({}, { getPrototypeOf: fails }),
      'an error that cannot be shown',
    ],
  ])('that throws %s is told as well', (_, thrown, text) => {
    const throws = () => {
      throw thrown
    }
    expect(() => explainedMetric({ ...metric, value: throws }).value(1)).toThrow(
      expect.objectContaining({ code: 'USER_SCRIPT', message: `value() of metric "mine" threw: ${text}` }),
    )
  })

  test('keeps its own this', () => {
    class Counting implements Metric<number> {
      readonly name = 'counting'
      readonly start = 7
      initial = () => this.start
      update = (state: number) => state
      merge(a: number, b: number) {
        return a + b + this.start
      }
      value = (state: number) => state
    }
    expect(explainedMetric(new Counting() as Metric).merge(1, 2)).toBe(10)
  })
})

describe('a dataset', () => {
  const folder = temporaryFolder()
  const open = (members: string) => {
    const script = join(folder, `${members.replaceAll(/\W/g, '')}.mjs`)
    writeFileSync(
      script,
      `const fails = () => { throw new Error('my code broke') }
      export const dataset = { size: () => 3, load: () => ({ inputs: [] }), ${members} }`,
    )
    return openUserDataset({ kind: 'user', script, exportName: 'dataset', data: undefined, batchSize: 1 }, [])
  }
  const mine = (what: RegExp) => ({ code: 'USER_SCRIPT', message: expect.stringMatching(what) })

  test('whose id throws', async () => {
    const dataset = await open('id: fails')
    expect(() => dataset.id(1)).toThrow(expect.objectContaining(mine(/^id\(1\) of dataset .* threw: my code broke/)))
  })

  test.each([
    ['throws', 'fails', /^classOf\(2\) of dataset .* threw: my code broke/],
    ['gives an object', '() => ({})', /^classOf\(2\) of dataset .* gave \{\}, expected a text or a number/],
  ])('whose classOf %s', async (_, code, what) => {
    const classOf = await (await open(`classOf: ${code}`)).classes!()
    expect(() => classOf(2)).toThrow(expect.objectContaining(mine(what)))
  })

  test.each(['fails', 'async () => fails()'])('whose digest throws: %s', async (code) => {
    const dataset = await open(`digest: ${code}`)
    await expect(dataset.listing(Uint32Array.of(0))).rejects.toMatchObject(
      mine(/^digest\(\) of dataset .* threw: my code/),
    )
  })
})
