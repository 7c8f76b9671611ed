// One forward pass of an infer function.

import type { ForwardAnswer, ForwardTask } from '../src/engine/protocol.js'
import { messageOf, SquireError } from '../src/errors.js'
import { sessionOf } from './models.js'
import { observerFor } from './observer.js'
import { portable } from './portable.js'

export async function runForward(task: ForwardTask): Promise<ForwardAnswer> {
  const session = await sessionOf(task.model)
  const observer = observerFor(task.observation)
  observer?.begin()
  const fetches = observer?.fetches(task.feeds) ?? task.model.outputs
  // Dims that the model's inputs leave open may still not fit what is inside.
  const values = await session.run(task.feeds, fetches).catch(messageOf)
  const problem = typeof values === 'string' ? values : observer?.observe(task.feeds, values, false)
  if (typeof values === 'string' || problem !== undefined) throw new SquireError('DATA', `${task.name}: ${problem}`)
  observer?.writeTo(task.observation!.buffer)
  return { kind: 'done', outputs: task.model.outputs.map((name) => ({ name, value: portable(values[name]!) })) }
}
