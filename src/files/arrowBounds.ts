// Arrow's metadata are flatbuffers, which apache-arrow reads without checking them: a vector that claims 2^31 entries keeps it busy for minutes,
// and one child that is listed many times at many depths for ever. Imported for its effect: every vector that is read from now on fits into its
// message, and no message has more vectors read than it has room for.

import { ByteBuffer } from 'flatbuffers'

const reads = new WeakMap<ByteBuffer, number>()
const unbounded = ByteBuffer.prototype.__vector_len

ByteBuffer.prototype.__vector_len = function (this: ByteBuffer, offset: number): number {
  const length = unbounded.call(this, offset)
  const count = (reads.get(this) ?? 0) + 1
  reads.set(this, count)
  if (length < 0 || length > this.capacity() || count > this.capacity()) {
    throw new Error('its Arrow metadata contradict themselves')
  }
  return length
}
