// What user code does behind squire's back in the engine process: errors that nobody awaits, and process.exit. For workers, the pool does this.

import { fileURLToPath } from 'node:url'
import { firstFrame } from '../dataset/script/userScript.js'
import { exitCodes, messageOf, SquireError } from '../errors.js'

export interface UserCodeWatch {
  /** Rejects when something is thrown where nobody catches it, or a promise that nobody awaits is rejected; else never settles. */
  readonly failure: Promise<never>
  end(): void
}

/** From now to `end()`, a process that ends has failed, whatever its status. */
export function watchUserCode(script: string | undefined): UserCodeWatch {
  let fail: (error: unknown) => void = () => {}
  const failure = new Promise<never>((_, reject) => {
    fail = (error) => reject(attributed(error, script))
  })
  const onExit = () => {
    process.stderr.write(`error: ${script ?? 'something'} ended the process (process.exit) while squire was at work\n`)
    process.exitCode = exitCodes.USER_SCRIPT
  }
  process.on('uncaughtException', fail)
  process.on('exit', onExit)
  return {
    failure,
    end() {
      process.off('uncaughtException', fail)
      process.off('exit', onExit)
    },
  }
}

const ownFolder = fileURLToPath(new URL('..', import.meta.url))

/** An error that no code of squire's had a part in is the script's. */
function attributed(error: unknown, script: string | undefined): unknown {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  if (error instanceof SquireError || script === undefined || stack.includes(ownFolder)) return error
  const frame = firstFrame(error)
  const where = frame === undefined ? '' : ` (${frame})`
  return new SquireError('USER_SCRIPT', `${script} threw where nobody catches it: ${messageOf(error)}${where}`, {
    cause: error,
  })
}
