// A run in parts on a cluster whose machines differ, are slow now and then, and fail. Discrete events, seeded: the same numbers every time.

export interface Cluster {
  readonly nodes: number
  readonly coresANode: number
  /** Mean hours until a node is lost. */
  readonly hoursToFailure: number
  /** Seconds until the engine notices a lost node and starts its part elsewhere. */
  readonly noticeSeconds: number
  /** Share of tasks that are slow, and how many times as long they take. */
  readonly stragglers: number
  readonly slowness: number
  /** Bytes a second that the storage gives to all nodes together. */
  readonly storage: number
}

export interface Work {
  readonly samples: number
  /** Seconds of one core for a sample. */
  readonly sampleSeconds: number
  readonly sampleBytes: number
  /** Seconds from a task's start to its first sample, and from its last one to its end. */
  readonly startSeconds: number
  /** What a lost node's part is behind its last checkpoint, on average. */
  readonly checkpointSeconds: number
}

export interface Outcome {
  /** Until the last part is there. */
  readonly seconds: number
  readonly failures: number
  readonly busySeconds: number
}

/** Minimal standard generator (Park and Miller). The first numbers of neighbouring seeds are alike: they are left out. */
export function uniform(seed: number): () => number {
  let state = seed
  const next = () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  for (let i = 0; i < 10; i++) next()
  return next
}

/** One phase: parts go to whichever node is free; a lost node's part goes on from its checkpoint on the next free node. */
export function simulate(cluster: Cluster, work: Work, parts: number, draw: () => number): Outcome {
  const { nodes, coresANode, hoursToFailure, noticeSeconds, stragglers, slowness, storage } = cluster
  const atOnce = Math.min(nodes, parts)
  // Nodes share the storage: whichever is slower, computing or reading, is what a sample takes.
  const seconds = Math.max(work.sampleSeconds / coresANode, (work.sampleBytes * atOnce) / storage)
  const own = (work.samples / parts) * seconds
  const free = new Heap(atOnce)
  let failures = 0
  let busySeconds = 0
  let last = 0
  const queue = Array.from({ length: parts }, () => ({ ready: 0, left: own * (draw() < stragglers ? slowness : 1) }))
  for (let at = 0; at < queue.length; at++) {
    const { ready, left } = queue[at]!
    const start = Math.max(free.pop(), ready)
    const whole = work.startSeconds + left
    const failsAfter = -Math.log(draw()) * hoursToFailure * 3600
    const spent = Math.min(whole, failsAfter)
    busySeconds += spent
    // A lost node is replaced by the engine, or comes back; its part waits until that is noticed.
    free.push(start + spent + (failsAfter < whole ? noticeSeconds : 0))
    last = Math.max(last, start + spent)
    if (failsAfter >= whole) continue
    failures++
    const kept = Math.max(0, spent - work.startSeconds - work.checkpointSeconds)
    queue.push({ ready: start + spent + noticeSeconds, left: left - kept })
  }
  return { seconds: last, failures, busySeconds }
}

/** When nodes become free, soonest first. */
class Heap {
  readonly #times: number[]

  constructor(size: number) {
    this.#times = new Array<number>(size).fill(0)
  }

  pop(): number {
    const [first] = this.#times
    const last = this.#times.pop()!
    if (this.#times.length > 0) {
      this.#times[0] = last
      this.#down(0)
    }
    return first!
  }

  push(time: number): void {
    let at = this.#times.push(time) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (this.#times[above]! <= this.#times[at]!) return
      this.#swap(at, above)
      at = above
    }
  }

  #down(at: number): void {
    for (let here = at; ; ) {
      const [left, right] = [2 * here + 1, 2 * here + 2]
      let least = here
      if (left < this.#times.length && this.#times[left]! < this.#times[least]!) least = left
      if (right < this.#times.length && this.#times[right]! < this.#times[least]!) least = right
      if (least === here) return
      this.#swap(here, least)
      here = least
    }
  }

  #swap(a: number, b: number): void {
    const kept = this.#times[a]!
    this.#times[a] = this.#times[b]!
    this.#times[b] = kept
  }
}
