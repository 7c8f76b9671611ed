import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SampleSelection } from '../../src/config/config.js'
import { NameTableBuilder, openNames } from '../../src/dataset/formats/listing/nameTable.js'
import { drawSamples } from '../../src/dataset/select.js'

const all: SampleSelection = { samples: undefined, perClass: undefined, seed: 0 }
const dataset = (ids: readonly string[], classOf?: (id: string) => string | number) => ({
  size: ids.length,
  id: (index: number) => ids[index]!,
  ...(classOf === undefined ? {} : { classes: async () => (index: number) => classOf(ids[index]!) }),
})
const select = async (
  ids: readonly string[],
  selection: Partial<SampleSelection>,
  classOf?: (id: string) => string | number,
) => {
  const { drawn, order } = await drawSamples(dataset(ids, classOf), { ...all, ...selection })
  return [...order([drawn]).subarray(0, drawn)].map((index) => ids[index]!)
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => `img_${i}`)
const uniqueIds = fc.uniqueArray(
  fc.oneof(fc.string(), fc.string({ unit: 'binary' })).filter((id) => !/\p{Surrogate}/u.test(id)),
  { maxLength: 40 },
)

describe('the canonical order', () => {
  it('is the order of the ids by code unit, whatever order they come in', async () => {
    await fc.assert(
      fc.asyncProperty(uniqueIds, async (names) => {
        expect(await select(names, {})).toEqual([...names].sort())
        expect(await select(names.toReversed(), {})).toEqual([...names].sort())
      }),
    )
  })

  it('refuses two samples with one id', async () => {
    await expect(select(['b', 'a', 'b'], {})).rejects.toThrow('samples 0 and 2 have the same id "b"')
    await expect(select(['a', 'b', 'b'], {})).rejects.toThrow('samples 1 and 2 have the same id "b"')
  })
})

describe('drawing samples', () => {
  it('does not depend on the order in which they come', async () => {
    await fc.assert(
      fc.asyncProperty(uniqueIds, fc.nat(50), fc.nat(3), async (names, samples, seed) => {
        const drawn = await select(names, { samples, seed })
        expect(drawn).toHaveLength(Math.min(samples, names.length))
        expect(drawn).toEqual([...drawn].sort())
        expect(await select(names.toReversed(), { samples, seed })).toEqual(drawn)
      }),
    )
  })

  it('keeps what was drawn when more are asked for, or others go away', async () => {
    const [few, more] = [await select(ids(200), { samples: 10 }), await select(ids(200), { samples: 20 })]
    expect(more).toEqual(expect.arrayContaining(few))
    const without = ids(200).filter((id, i) => few.includes(id) || i % 2 === 0)
    expect(await select(without, { samples: 10 })).toEqual(few)
  })

  it('puts the samples that were not drawn behind, in canonical order between any two cuts', async () => {
    await fc.assert(
      fc.asyncProperty(uniqueIds, fc.array(fc.nat(40), { maxLength: 3 }), async (names, wanted) => {
        const cuts = wanted.map((cut) => Math.min(cut, names.length)).sort((a, b) => a - b)
        const { order } = await drawSamples(dataset(names), { ...all, seed: 5 })
        const ordered = [...order(cuts)].map((index) => names[index]!)
        expect([...ordered].sort()).toEqual([...names].sort())
        let from = 0
        for (const to of [...cuts, names.length]) {
          expect(ordered.slice(from, to)).toEqual(ordered.slice(from, to).sort())
          expect(ordered.slice(0, to).sort()).toEqual((await select(names, { samples: to, seed: 5 })).sort())
          from = to
        }
      }),
    )
  })

  it('differs by seed, and gives every sample its chance', async () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 200; seed++) {
      for (const id of await select(ids(10), { samples: 5, seed })) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    // 100 expected, standard deviation 7.
    expect(Math.min(...counts.values())).toBeGreaterThan(65)
    expect(Math.max(...counts.values())).toBeLessThan(135)
  })

  it('takes the same number of every class, where there are as many', async () => {
    const classOf = (id: string) => (id === 'img_7' ? 'rare' : Number(id.slice(4)) % 3)
    const drawn = await select(ids(60), { perClass: 4 }, classOf)
    const perClass = new Map<string | number, number>()
    for (const id of drawn) perClass.set(classOf(id), (perClass.get(classOf(id)) ?? 0) + 1)
    expect(Object.fromEntries(perClass)).toEqual({ 0: 4, 1: 4, 2: 4, rare: 1 })
    expect(drawn).toEqual([...drawn].sort())
    expect(await select(ids(60).toReversed(), { perClass: 4 }, classOf)).toEqual(drawn)
    expect(await select(ids(60), { perClass: 4, samples: 6 }, classOf)).toHaveLength(6)
  })

  it('by class needs labels', async () => {
    await expect(select(ids(3), { perClass: 1 })).rejects.toThrow('--per-class needs labels')
  })

  it('draws these samples, in every version of squire', async () => {
    expect(await select(ids(1000), { samples: 3, seed: 1 })).toMatchInlineSnapshot(`
      [
        "img_204",
        "img_27",
        "img_425",
      ]
    `)
  })
})

describe('a table of names', () => {
  it('gives back what was put in, in shared memory', () => {
    fc.assert(
      fc.property(uniqueIds, (names) => {
        const builder = new NameTableBuilder()
        for (const name of names) builder.add(name)
        const table = builder.build()
        expect(table.bytes).toBeInstanceOf(SharedArrayBuffer)
        const opened = openNames(structuredClone(table))
        expect(Array.from({ length: opened.size }, (_, i) => opened.at(i))).toEqual(names)
      }),
    )
  })

  it('grows past its first buffers', () => {
    const builder = new NameTableBuilder()
    const names = Array.from({ length: 5000 }, (_, i) => `${'long/'.repeat(10)}${i}`)
    for (const name of names) builder.add(name)
    builder.add('x'.repeat(200_000))
    const opened = openNames(builder.build())
    expect(names.every((name, i) => opened.at(i) === name)).toBe(true)
    expect(opened.at(5000)).toHaveLength(200_000)
  })
})
