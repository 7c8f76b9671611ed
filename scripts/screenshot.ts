// `npm run screenshot`: a picture of the report of the demo, which has to be there, as the README shows it. It needs Chromium.

import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('../..', import.meta.url))
const report = path.join(root, 'out', 'demo', 'quantized', 'report.html')
const picture = path.join(root, 'docs', 'report.png')
const executablePath = process.env.SQUIRE_CHROMIUM ?? '/usr/bin/chromium'

if (!existsSync(report)) throw new Error(`${report} is not there: run npm run demo first`)
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage({ viewport: { width: 1180, height: 1000 }, colorScheme: 'light' })
await page.goto(pathToFileURL(report).href)
await page.waitForSelector('section[aria-labelledby=depth] svg')
const end = await page.locator('#tensors').boundingBox()
await page.screenshot({
  path: picture,
  clip: { x: 0, y: 0, width: 1180, height: Math.min(1400, end?.y ?? 1000) },
  fullPage: true,
})
await browser.close()
console.log(picture)
