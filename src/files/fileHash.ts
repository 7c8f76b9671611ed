// A file's identity.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** Hex SHA-256, as `sha256sum` prints it. The file is read piece by piece. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  return hash.digest('hex')
}
