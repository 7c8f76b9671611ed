// Writes .zip bytes for tests, uncompressed as numpy.savez does.

import { crc32 } from 'node:zlib'

export function storedZip(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let at = 0
  for (const [name, bytes] of Object.entries(files)) {
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt32LE(crc32(bytes), 14)
    local.writeUInt32LE(bytes.length, 18)
    local.writeUInt32LE(bytes.length, 22)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    // From the version needed on, an entry of the directory repeats the local header.
    local.copy(entry, 6, 4, 30)
    entry.writeUInt32LE(at, 42)
    locals.push(local, Buffer.from(name), Buffer.from(bytes))
    entries.push(entry, Buffer.from(name))
    at += local.length + name.length + bytes.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length / 2, 8)
  end.writeUInt16LE(entries.length / 2, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, directory, end])
}
