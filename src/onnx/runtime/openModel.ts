// A session of a model that is not in a file: from its bytes, or where its weights are large, from a file with external data that lives until the
// model is open.

import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { temporaryPrefix } from '../../files/temporaryFolder.js'
import { trimHeap } from '../../trim.js'
import { encodeModel, tensorBytes } from '../file/codec.js'
import { writeModel } from '../file/write.js'
import type { ModelProto } from '../types.js'
import { createSession, type Session, type SessionOptions } from './session.js'

/**
 * Weights of more than this lie in a file beside the model: the runtime reads them from there. Of weights inside a model it holds the file, what it
 * parses of the file and what it computes with, at once.
 */
export const LEAST_BESIDE_BYTES = 2 ** 22

/** Weights of more than this are mapped into memory from a file beside the model, instead of being held by every session. */
export const LEAST_MAPPED_BYTES = 2 ** 26

/** @param maxInlineBytes tensors that take more than this together go through a file */
export async function openModel(
  proto: ModelProto,
  options: SessionOptions = {},
  maxInlineBytes = LEAST_BESIDE_BYTES,
): Promise<Session> {
  if (tensorBytes(proto) <= maxInlineBytes) return createSession(encodeModel(proto), options)
  const folder = await mkdtemp(temporaryPrefix())
  try {
    const file = path.join(folder, 'model.onnx')
    await writeModel(proto, file, { maxInlineBytes })
    const session = await createSession(file, { ...options, mapped: tensorBytes(proto) > LEAST_MAPPED_BYTES })
    trimHeap()
    return session
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
