// The sessions of this thread: those that its last task needed. They stay open until a task needs others, since more at once than needed would
// be the memory peak of the whole run.

import { locked } from '../src/engine/lock.js'
import type { ModelFile } from '../src/engine/protocol.js'
import { collectArrays, LEAST_WORKER_BYTES } from '../src/garbage.js'
import { createSession, type Session, type SessionOptions } from '../src/onnx/runtime/session.js'
import { trimHeap } from '../src/trim.js'
import { whenIdle } from './idle.js'

/** How a session is opened, apart from what its model says. */
type How = Pick<SessionOptions, 'isFrugal'>

interface Opened {
  readonly model: ModelFile
  readonly key: string
  readonly session: Promise<Session>
}

const open = new Map<string, Opened>()

/** @param beside models whose sessions stay open, where they are open in the same way */
export async function sessionOf(model: ModelFile, beside: readonly ModelFile[] = [], how: How = {}): Promise<Session> {
  return (await opened([model], [model, ...beside], how))[0]!
}

/** Sessions of several models that are open at the same time. */
export function sessionsOf(models: readonly ModelFile[]): Promise<Session[]> {
  return opened(models, models, {})
}

async function opened(wanted: readonly ModelFile[], kept: readonly ModelFile[], how: How): Promise<Session[]> {
  const keys = new Set(kept.map((model) => keyOf(model, how)))
  await release([...open.values()].filter(({ key }) => !keys.has(key)))
  for (const model of wanted) {
    const key = keyOf(model, how)
    if (open.has(key)) continue
    const options = { ...model, ...how }
    const session = model.beside ? openLarge(model.path, options) : createSession(model.path, options)
    open.set(key, { model, key, session })
  }
  return Promise.all(wanted.map((model) => open.get(keyOf(model, how))!.session))
}

/**
 * At most half of the threads open a large model at a time: a session that opens holds its weights two or three times for a moment, and the copies leave holes in the
 * heap.
 */
async function openLarge(path: string, options: SessionOptions): Promise<Session> {
  return locked(async () => {
    const session = await createSession(path, options)
    trimHeap()
    return session
  })
}

// A pause frees large weights and the garbage of the last task: a model whose weights are mapped opens again in no time.
whenIdle(async () => {
  const last = [...open.values()].filter(({ model }) => model.mapped)
  await release(last)
  collectArrays(LEAST_WORKER_BYTES)
  if (last.length > 0) trimHeap()
})

/** Closes all sessions: the next stage needs none, or others. */
export function releaseSessions(): Promise<void> {
  return release([...open.values()])
}

async function release(last: readonly Opened[]): Promise<void> {
  for (const { key } of last) open.delete(key)
  // A session that failed to open has already reported its error.
  for (const one of await Promise.allSettled(last.map(({ session }) => session))) {
    if (one.status === 'fulfilled') await one.value.release()
  }
}

function keyOf({ path, serial }: ModelFile, { isFrugal = false }: How): string {
  return `${serial} ${isFrugal} ${path}`
}
