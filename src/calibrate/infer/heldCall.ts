// A call of the infer function that has begun before anybody knows where its forward passes go: its first feeds tell the model's dims.

import type { SquireError } from '../../errors.js'
import type { Feeds } from '../runner.js'
import type { Sink } from './inferCall.js'

/** A call whose forward passes wait to be told where they go. */
export interface HeldCall {
  readonly metric: Promise<number | undefined>
  readonly begin: (sink: Sink) => void
  /** Rejects the forwards that wait, and those that would follow. */
  readonly drop: (reason: SquireError) => void
}

/** Starts a call, and resolves to its first feeds. A call that ends without a forward pass rejects as the call does. */
export function holdCall(
  start: (sink: Sink) => Promise<number | undefined>,
): HeldCall & { readonly feeds: Promise<Feeds> } {
  let begin: (sink: Sink) => void = () => {}
  let drop: (reason: SquireError) => void = () => {}
  let dropped = false
  const sink = new Promise<Sink>((resolve, reject) => {
    begin = resolve
    drop = (reason) => {
      dropped = true
      reject(reason)
    }
  })
  sink.catch(() => {})
  let seen: (feeds: Feeds) => void = () => {}
  const first = new Promise<Feeds>((resolve) => {
    seen = resolve
  })
  const metric = start({
    forward: async (feeds, name, item) => {
      seen(feeds)
      return (await sink).forward(feeds, name, item)
    },
    onForward: async (count, item) => (await sink).onForward(count, item),
    stopped: () => dropped,
  })
  // The failure of a held call is reported by whoever awaits its feeds or its metric.
  metric.catch(() => {})
  return { metric, begin, drop, feeds: Promise.race([first, metric.then(() => first)]) }
}
