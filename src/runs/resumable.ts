// Runs that keep a checkpoint: what is left of it when they fail.

import { existsSync } from 'node:fs'
import type { Checkpoint, CheckpointUse } from '../calibrate/storage/checkpoint.js'
import type { Config } from '../config/config.js'
import { exitCodes, SquireError } from '../errors.js'
import type { RunOptions } from './run.js'

/** What a run may do with a checkpoint that it finds. */
export function checkpointUse({ resume }: Config, { restarted }: RunOptions): CheckpointUse {
  if (resume) return 'resume'
  return restarted === true ? 'restart' : 'anew'
}

/** Awaits a run. When it fails, the message says whether --resume goes on from its checkpoint; a checkpoint of no use is gone. */
export async function resumable<Result>(checkpoint: Checkpoint, running: Promise<Result>): Promise<Result> {
  try {
    return await running
  } catch (error) {
    if (!(error instanceof SquireError)) throw error
    if (!wouldFailAgain(error)) throw withResumeHint(error, checkpoint)
    await checkpoint.withdraw()
    throw error
  }
}

/** Whether the same command, resumed, would meet the same failure: there is nothing to keep then. */
function wouldFailAgain({ code }: SquireError): boolean {
  return exitCodes[code] < exitCodes.OUTPUT
}

function withResumeHint({ code, message, cause }: SquireError, { path }: Checkpoint): SquireError {
  const kept = existsSync(path)
  if (!kept && code !== 'INTERRUPTED') return new SquireError(code, message, { cause })
  const hint = kept
    ? `${path} keeps what is done: repeat the command with --resume to go on from there`
    : 'nothing was written'
  return new SquireError(code, `${message.replace(/\.$/, '')}; ${hint}.`, { cause })
}
