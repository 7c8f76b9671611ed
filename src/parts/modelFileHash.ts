// The identity of a model file as writeModel writes it, read piece by piece.

import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'

/** Hex SHA-256 of a model file, and of the file of its external data where it has one. */
export async function modelFileHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  for (const file of [path, `${path}.data`].filter((name) => existsSync(name))) {
    for await (const piece of createReadStream(file)) hash.update(piece as Uint8Array)
  }
  return hash.digest('hex')
}
