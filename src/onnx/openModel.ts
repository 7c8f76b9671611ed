// A session of a model that is not in a file: from its bytes, or where they pass what one message can hold, from a file with external data that
// lives until the model is open.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { encodeModel, MAX_INLINE_BYTES, tensorBytes } from './codec.js'
import { createSession, type Session, type SessionOptions } from './session.js'
import type { ModelProto } from './types.js'
import { writeModel } from './write.js'

/** @param maxInlineBytes tensors that take more than this together go through a file */
export async function openModel(
  proto: ModelProto,
  options: SessionOptions = {},
  maxInlineBytes = MAX_INLINE_BYTES,
): Promise<Session> {
  if (tensorBytes(proto) <= maxInlineBytes) return createSession(encodeModel(proto), options)
  const folder = await mkdtemp(path.join(tmpdir(), 'squire-model-'))
  try {
    const file = path.join(folder, 'model.onnx')
    await writeModel(proto, file, { maxInlineBytes })
    return await createSession(file, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
