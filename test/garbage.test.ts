import { expect, it } from 'vitest'
import { collectArrays } from '../src/garbage.js'

const MEGABYTE = 2 ** 20

/** In a function of its own, whose end leaves no reference in the interpreter's registers. */
function forget(): void {
  new Uint8Array(64 * MEGABYTE).fill(1)
}

/** Bytes that stay after a large array was made and forgotten. */
function left(collect: () => void): number {
  const before = process.memoryUsage().arrayBuffers
  forget()
  collect()
  return process.memoryUsage().arrayBuffers - before
}

it('frees arrays that nothing refers to, where all arrays take as much as was said', () => {
  expect(left(() => collectArrays(16 * MEGABYTE))).toBeLessThan(MEGABYTE)
})

it('leaves garbage alone where there is little of it', () => {
  expect(left(() => collectArrays(Number.POSITIVE_INFINITY))).toBeGreaterThanOrEqual(64 * MEGABYTE)
})
