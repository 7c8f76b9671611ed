// Whether Slurm still has jobs of a run.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '../errors.js'

/** `ids`: the jobs' numbers, one a line. */
export async function squeueHasJobs(ids: string): Promise<boolean> {
  const jobs = ids.split(/\s+/).filter((word) => /^\d+/.test(word))
  try {
    const { stdout } = await promisify(execFile)('squeue', ['--noheader', '--format=%i', `--jobs=${jobs.join(',')}`])
    return stdout.trim() !== ''
  } catch (error) {
    // Jobs that Slurm has forgotten have ended; a controller that does not answer may come back.
    return !/Invalid job id/i.test(messageOf(error))
  }
}
