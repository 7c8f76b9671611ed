// A session of a model that is not in a file: from its bytes, or where its weights are large, from a file with external data that lives until the
// model is open.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { encodeModel, tensorBytes } from './codec.js'
import { createSession, type Session, type SessionOptions } from './session.js'
import type { ModelProto } from './types.js'
import { writeModel } from './write.js'

/** Weights of more than this are mapped into memory from a file beside the model, instead of being held by every session. */
export const LEAST_MAPPED_BYTES = 2 ** 26

/** @param maxInlineBytes tensors that take more than this together go through a file */
export async function openModel(
  proto: ModelProto,
  options: SessionOptions = {},
  maxInlineBytes = LEAST_MAPPED_BYTES,
): Promise<Session> {
  if (tensorBytes(proto) <= maxInlineBytes) return createSession(encodeModel(proto), options)
  const folder = await mkdtemp(path.join(tmpdir(), 'squire-model-'))
  try {
    const file = path.join(folder, 'model.onnx')
    await writeModel(proto, file, { maxInlineBytes })
    return await createSession(file, { ...options, mapped: true })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
