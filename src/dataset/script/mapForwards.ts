// executor.map: many items through the model, a few at a time. Invariant: forwards are made in the order of the items, whatever the loads
// take, so that the first of them, whose shapes become the quantized model's, is the same in every run.

import type { Outputs, TensorLike } from '../types.js'

export interface MapOptions {
  /** Items that are loaded or in the model at the same time. */
  readonly atOnce: number
  /** Items to take. */
  readonly most: number
  readonly forward: (item: number, inputs: readonly TensorLike[]) => Promise<Outputs>
  /** Whether no more items are wanted. */
  readonly stopped: () => boolean
}

export type Load<Item> = (item: Item, index: number) => MapInputs | Promise<MapInputs>
type MapInputs = TensorLike | readonly TensorLike[]
export type Use<Item, Result> = (outputs: Outputs, item: Item, index: number) => Result | Promise<Result>

/** What `use` made of the items' outputs, in their order. Rejects with the failure of the first item that failed. */
export async function mapForwards<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  load: Load<Item>,
  use: Use<Item, Result>,
  { atOnce, most, forward, stopped }: MapOptions,
): Promise<Result[]> {
  const results: Result[] = []
  const source = iterate(items)
  let taken = 0
  let failure: { readonly index: number; readonly error: unknown } | undefined
  let ended = false
  // Taking an item from a generator is asynchronous, and one at a time.
  let taking: Promise<unknown> = Promise.resolve()
  /** Resolves when the forward of the item before has been asked for, or never will be. */
  let turn: Promise<unknown> = Promise.resolve()

  const take = () => {
    const next = taking.then(async () => {
      if (ended || failure !== undefined || taken >= most || stopped()) return undefined
      const { done, value } = await source.next()
      if (done) {
        ended = true
        return undefined
      }
      let pass = () => {}
      const before = turn
      turn = new Promise<void>((resolve) => {
        pass = resolve
      })
      return { item: value as Item, index: taken++, before, pass }
    })
    taking = next.catch(() => {})
    return next
  }

  const runner = async () => {
    for (let next = await take(); next !== undefined; next = await take()) {
      const { item, index, before, pass } = next
      try {
        const loaded = await load(item, index)
        await before
        const running = forward(index, isList(loaded) ? loaded : [loaded])
        pass()
        results[index] = await use(await running, item, index)
      } catch (error) {
        if (failure === undefined || index < failure.index) failure = { index, error }
      } finally {
        pass()
      }
    }
  }
  const runners = await Promise.allSettled(Array.from({ length: atOnce }, runner))
  const broken = runners.find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.error
  if (broken !== undefined) throw broken.reason
  if (!ended) await source.return?.()
  return results
}

function iterate<Item>(items: Iterable<Item> | AsyncIterable<Item>): Iterator<Item> | AsyncIterator<Item> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}

function isList(value: MapInputs): value is readonly TensorLike[] {
  return Array.isArray(value)
}
