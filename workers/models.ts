// The sessions of this thread: those that its last task needed. They stay open until a task needs others, since more at once than needed would
// be the memory peak of the whole run.

import { locked } from '../src/engine/lock.js'
import type { ModelFile } from '../src/engine/protocol.js'
import { createSession, type Session } from '../src/onnx/session.js'
import { trimHeap } from '../src/trim.js'
import { whenIdle } from './idle.js'

interface Opened {
  readonly model: ModelFile
  readonly session: Promise<Session>
}

const open = new Map<string, Opened>()

/** @param beside models whose sessions stay open, where they are */
export async function sessionOf(model: ModelFile, beside: readonly ModelFile[] = []): Promise<Session> {
  return (await opened([model], [model, ...beside]))[0]!
}

/** Sessions of several models, at once open. */
export function sessionsOf(models: readonly ModelFile[]): Promise<Session[]> {
  return opened(models, models)
}

async function opened(wanted: readonly ModelFile[], kept: readonly ModelFile[]): Promise<Session[]> {
  const keys = new Set(kept.map(keyOf))
  await release([...open.values()].filter(({ model }) => !keys.has(keyOf(model))))
  for (const model of wanted) {
    const key = keyOf(model)
    if (!open.has(key))
      open.set(key, { model, session: model.beside ? openLarge(model) : createSession(model.path, model) })
  }
  return Promise.all(wanted.map((model) => open.get(keyOf(model))!.session))
}

/**
 * One thread at a time: a session that opens holds its weights two or three times for a moment, and leaves holes in the heap where the others were.
 */
async function openLarge(model: ModelFile): Promise<Session> {
  return locked(async () => {
    const session = await createSession(model.path, model)
    trimHeap()
    return session
  })
}

// Large weights do not outlive a pause: what is mapped opens again in no time.
whenIdle(async () => {
  const last = [...open.values()].filter(({ model }) => model.mapped)
  await release(last)
  if (last.length > 0) trimHeap()
})

async function release(last: readonly Opened[]): Promise<void> {
  for (const { model } of last) open.delete(keyOf(model))
  // A session that failed to open has already reported its error.
  for (const one of await Promise.allSettled(last.map(({ session }) => session))) {
    if (one.status === 'fulfilled') await one.value.release()
  }
}

function keyOf({ path, serial }: ModelFile): string {
  return `${serial} ${path}`
}
