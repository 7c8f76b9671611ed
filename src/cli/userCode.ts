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

/** An error is squire's where code of squire's threw it. Where nobody did, as in `Promise.reject(1)`, it is the script's: squire throws errors. */
function attributed(error: unknown, script: string | undefined): unknown {
  if (error instanceof SquireError || script === undefined || thrownBySquire(error)) return error
  const frame = firstFrame(error)
  const where = frame === undefined ? '' : ` (${frame})`
  return new SquireError('USER_SCRIPT', `${script} threw where nobody catches it: ${messageOf(error)}${where}`, {
    cause: error,
  })
}

/** Libraries throw on behalf of who called them: the first frame that is in none decides. */
function thrownBySquire(error: unknown): boolean {
  const frames = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line)) : []
  const first = frames.find((frame) => /[(/]\//.test(frame) && !/node:|\/node_modules\//.test(withoutOwnFolder(frame)))
  return first?.includes(ownFolder) ?? false
}

/** squire itself is in a folder of libraries where it is installed. */
function withoutOwnFolder(frame: string): string {
  return frame.replace(ownFolder, '/')
}
