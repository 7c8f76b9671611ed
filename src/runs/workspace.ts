// The folder for a run's temporary files, squire-HOST-PID-RANDOM. Making one removes those of runs that were killed before they could: nothing
// of a process that is alive, of another user, or of another machine that shares the folder. A recycled PID keeps a leftover until it ends.

import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf, SquireError } from '../errors.js'
import { hostPrefix, temporaryPrefix } from '../files/temporaryFolder.js'

/** @throws SquireError OUTPUT when there is no room for temporary files */
export function makeWorkspace(): string {
  const parent = tmpdir()
  removeLeftovers(parent)
  try {
    return mkdtempSync(temporaryPrefix())
  } catch (cause) {
    throw new SquireError(
      'OUTPUT',
      `cannot make a folder for temporary files: ${messageOf(cause)}. Set TMPDIR to a folder that can be written.`,
      { cause },
    )
  }
}

function removeLeftovers(parent: string): void {
  for (const name of namesIn(parent)) {
    const pid = name.startsWith(hostPrefix) ? /^(\d+)-\w{6}$/.exec(name.slice(hostPrefix.length))?.[1] : undefined
    if (pid === undefined || isAlive(Number(pid))) continue
    const path = join(parent, name)
    try {
      const found = lstatSync(path)
      if (found.isDirectory() && found.uid === process.getuid?.()) rmSync(path, { recursive: true, force: true })
    } catch {
      // Another run that starts now removes it, too. Whatever else it may be: this run needs nothing of it, and the next tries again.
    }
  }
}

/** A folder that can be written may still not be listed: then nothing is found in it. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
