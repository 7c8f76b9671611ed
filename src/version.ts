// squire's own package: its folder, and the versions that its package.json says, of itself and of Node.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SquireError } from './errors.js'

export function squireVersion(): string {
  return packageJson().version
}

/** @throws SquireError USAGE when this Node is older than the package takes: its libraries would fail somewhere, and say nothing of it */
export function refuseOldNode(node: string = process.versions.node): void {
  const least = packageJson().engines.node.replace('>=', '')
  if (node.localeCompare(least, 'en', { numeric: true }) >= 0) return
  throw new SquireError(
    'USAGE',
    `squire ${squireVersion()} needs Node ${least} or later, and this is Node ${node}: update it`,
  )
}

function packageJson(): { readonly version: string; readonly engines: { readonly node: string } } {
  return JSON.parse(readFileSync(new URL('package.json', packageUrl()), 'utf8'))
}

/** The folder of the package, without a slash at its end. */
export function squireFolder(): string {
  return fileURLToPath(packageUrl()).slice(0, -1)
}

/** Sources and compiled files lie at different depths below package.json: take the nearest one above. @throws SquireError USAGE where there is none */
function packageUrl(): URL {
  const own = new URL('.', import.meta.url)
  for (let folder = own; ; ) {
    if (existsSync(new URL('package.json', folder))) return folder
    const above = new URL('..', folder)
    if (above.href !== folder.href) folder = above
    else
      throw new SquireError(
        'USAGE',
        `no package.json above ${fileURLToPath(own)}: install squire instead of copying its files`,
      )
  }
}
