// The session of this thread. It stays open until a task has another model: two at once would be the memory peak of the whole run.

import type { ModelFile } from '../src/engine/protocol.js'
import { createSession, type Session } from '../src/onnx/session.js'

let open: { readonly path: string; readonly session: Promise<Session> } | undefined

export async function sessionOf(model: ModelFile): Promise<Session> {
  if (open?.path === model.path) return open.session
  const last = open
  open = undefined
  // One that could not be opened has told those who asked for it.
  const [session] = await Promise.allSettled([last?.session])
  if (session.status === 'fulfilled') await session.value?.release()
  open = { path: model.path, session: createSession(model.path, model) }
  return open.session
}
