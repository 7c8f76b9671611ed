// squire's own package: its folder, and the version that its package.json says.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export function squireVersion(): string {
  return String(JSON.parse(readFileSync(new URL('package.json', packageUrl()), 'utf8')).version)
}

/** The folder of the package, without a slash at its end. */
export function squireFolder(): string {
  return fileURLToPath(packageUrl()).slice(0, -1)
}

/** Sources and compiled files lie at different depths below package.json: take the nearest one above. */
function packageUrl(): URL {
  let folder = new URL('.', import.meta.url)
  while (!existsSync(new URL('package.json', folder))) folder = new URL('..', folder)
  return folder
}
