// The sessions of this thread: those that its last task needed. They stay open until a task needs others, since more at once than needed would
// be the memory peak of the whole run.

import type { ModelFile } from '../src/engine/protocol.js'
import { createSession, type Session } from '../src/onnx/session.js'

const open = new Map<string, Promise<Session>>()

export async function sessionOf(model: ModelFile): Promise<Session> {
  return (await sessionsOf([model]))[0]!
}

/** Sessions of several models, at once open. */
export async function sessionsOf(models: readonly ModelFile[]): Promise<Session[]> {
  const needed = new Set(models.map(({ path }) => path))
  const last = [...open].filter(([path]) => !needed.has(path))
  for (const [path] of last) open.delete(path)
  // A session that failed to open has already reported its error.
  for (const session of await Promise.allSettled(last.map(([, session]) => session))) {
    if (session.status === 'fulfilled') await session.value.release()
  }
  for (const model of models) if (!open.has(model.path)) open.set(model.path, createSession(model.path, model))
  return Promise.all(models.map(({ path }) => open.get(path)!))
}
