// Sessions of this thread. The last few models stay open, so that a run that alternates between two does not load them again and again.

import type { ModelFile } from '../src/engine/protocol.js'
import { createSession, type Session } from '../src/onnx/session.js'

const MOST_OPEN = 2
const open = new Map<string, Promise<Session>>()

export async function sessionOf(model: ModelFile): Promise<Session> {
  const known = open.get(model.path)
  if (known !== undefined) {
    // Most recently used last.
    open.delete(model.path)
    open.set(model.path, known)
    return known
  }
  for (const [path, session] of open) {
    if (open.size < MOST_OPEN) break
    open.delete(path)
    await (await session).release()
  }
  const session = createSession(model.path, model)
  open.set(model.path, session)
  return session
}
