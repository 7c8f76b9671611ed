// squire's own version, read from its package.json.

import { existsSync, readFileSync } from 'node:fs'

/** Sources and compiled files lie at different depths below package.json: take the nearest one above. */
export function squireVersion(): string {
  let file = new URL('package.json', import.meta.url)
  while (!existsSync(file)) file = new URL('../package.json', file)
  return String(JSON.parse(readFileSync(file, 'utf8')).version)
}
