// Tar files for tests.

import { Header } from 'tar'

export type TarMember = readonly [path: string, content: Uint8Array]

/** The bytes of a tar file with these members, in this order. */
export function tarBytes(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap(([path, content]) => {
    const header = new Header({ path, size: content.length, type: 'File', mode: 0o644, mtime: new Date(0) })
    const block = Buffer.alloc(512)
    header.encode(block)
    return [block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
