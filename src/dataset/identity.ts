// What samples are, in two halves, so that machines which share a dataset agree on it while each looks at its own samples only: the listing
// (which samples, in which order, made into tensors how), and the sum of their contents, which adds up over any split.

import { createHash, hash } from 'node:crypto'

/** Contents are numbers modulo this. */
const MODULUS = 2n ** 256n

/** No sample's. */
export const NO_CONTENT = 0n

/** The content of one sample. `print` is the fingerprint of its bytes. */
export function sampleContent(id: string, print: string): bigint {
  return BigInt(`0x${hash('sha256', `${id}\0${print}`, 'hex')}`)
}

export function addContents(a: bigint, b: bigint): bigint {
  return (a + b) % MODULUS
}

/** SHA-256 (hex) of all that samples are. */
export function dataDigest(listing: string, contents: bigint): string {
  return createHash('sha256')
    .update(`${listing}\n${contents.toString(16)}`)
    .digest('hex')
}
