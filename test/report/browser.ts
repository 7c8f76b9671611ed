// A browser to open reports in: Debian's Chromium, or another Chromium or Chrome that is there. Where none is, root installs it with apt.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome']
const advice = 'install it with `apt-get install chromium`, or set SQUIRE_CHROMIUM to the path of a Chromium or Chrome'

/** Its path. Undefined where there is none and none can be installed: said loudly, and an error in CI. */
export function findBrowser(): string | undefined {
  const found = [process.env.SQUIRE_CHROMIUM, ...places].find((path) => path !== undefined && existsSync(path))
  if (found !== undefined) return found
  const installed = install()
  if (installed !== undefined) return installed
  if (process.env.CI) throw new Error(`The report's tests need a browser: ${advice}.`)
  console.warn(`\nSKIPPED: the tests of the report in a browser, for want of one; ${advice}.\n`)
  return undefined
}

function install(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', 'chromium'], { stdio: 'ignore', timeout: 300_000 })
  } catch {
    return undefined
  }
  return places.find((path) => existsSync(path))
}

export interface Opened {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** A browser with a profile of its own, which asks the network for nothing. */
export async function openBrowser(executablePath: string): Promise<Opened> {
  const profile = mkdtempSync(join(tmpdir(), 'squire-browser-'))
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args })
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
