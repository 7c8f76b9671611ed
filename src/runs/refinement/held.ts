// The calibration samples that refinement runs again and again, in two halves: what is fitted to one half is judged by the other.

import type { HeldSample } from '../../engine/protocol.js'

export type Halves<T> = readonly [T, T]

/** One thing for each half of the samples, and one for all of them. */
export interface Fits<T> {
  readonly halves: Halves<T>
  readonly all: T
}

/** Fewer samples than these say too little. */
export const LEAST_HELD = 16

/** Every other sample in the order of the hashes: neither position nor time has a say. */
export function halvesOf(samples: readonly HeldSample[]): Halves<readonly HeldSample[]> {
  return [samples.filter((_, i) => i % 2 === 0), samples.filter((_, i) => i % 2 === 1)]
}

export function sizeOf([first, second]: Halves<readonly HeldSample[]>): number {
  return first.length + second.length
}

/** The same for both halves, one after the other. */
export async function ofHalves<A, B>([first, second]: Halves<A>, make: (half: A) => Promise<B>): Promise<Halves<B>> {
  return [await make(first), await make(second)]
}

export function zipFits<A, B, C>(a: Fits<A>, b: Fits<B>, make: (a: A, b: B) => C): Fits<C> {
  return {
    halves: [make(a.halves[0], b.halves[0]), make(a.halves[1], b.halves[1])],
    all: make(a.all, b.all),
  }
}

export function mapFits<A, B>({ halves: [first, second], all }: Fits<A>, make: (one: A) => B): Fits<B> {
  return { halves: [make(first), make(second)], all: make(all) }
}
