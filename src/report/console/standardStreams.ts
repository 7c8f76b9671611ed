// stdout and stderr of this process, and what becomes of a run whose output nobody can take. stderr carries progress and warnings: no run fails
// for want of it. stdout carries results: a reader that stops early, as in `squire --help | head`, is no error, but a full disk is one, told at
// the end of the run.

import { fstatSync, writeSync } from 'node:fs'
import { messageOf, SquireError } from '../../errors.js'

let lost: unknown

/** From now on, no failure of a stream ends the process. */
export function guardStreams(): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error
  })
}

export const stdout = {
  get isTTY(): boolean {
    return process.stdout.isTTY === true
  },
  write(text: string): void {
    if (isFile()) writeToFile(text)
    else process.stdout.write(text)
  },
}

/** @throws SquireError OUTPUT when something that was written to stdout is lost */
export function checkStdout(): void {
  if (lost === undefined) return
  throw new SquireError('OUTPUT', `cannot write to standard output: ${messageOf(lost)}. Make room, or redirect it.`, {
    cause: lost,
  })
}

/** Node's own stream for files takes a short write for a whole one: on a full disk the end would be missing, and nobody would be told. */
function writeToFile(text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)
  } catch (error) {
    lost ??= error
  }
}

let file: boolean | undefined

/** Whether it is a file, or a device as /dev/full; a terminal, a pipe or a closed stdout is left to Node's own stream. */
function isFile(): boolean {
  file ??= !stdout.isTTY && isFileOrDevice()
  return file
}

function isFileOrDevice(): boolean {
  try {
    const found = fstatSync(1)
    return found.isFile() || found.isCharacterDevice()
  } catch {
    return false
  }
}
