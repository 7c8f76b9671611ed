// Opening files that come from outside. A pipe or a device would be waited for without end, so only regular files are opened.

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** All of a file. @throws Error when it is no regular file, is larger than 2 GiB, or what opening it throws */
export function readRegular(path: string): Promise<Uint8Array> {
  return withRegularFile(path, (file) => file.readFile())
}

/** All of a text file, in UTF-8. @throws Error as readRegular does */
export async function readRegularText(path: string): Promise<string> {
  return withRegularFile(path, (file) => file.readFile('utf8'))
}

/** Uses a file and closes it. @throws Error when it is no regular file, or what opening it throws */
export async function withRegularFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await openRegular(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** @throws Error when `path` is no regular file, or what opening it throws */
export async function openRegular(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = await file.stat()
  if (found.isFile()) return file
  await file.close()
  throw new Error(`${path} is ${found.isDirectory() ? 'a folder' : 'a pipe or a device'}, expected a regular file`)
}
