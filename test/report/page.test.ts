// report.html in a real browser, on reports of real runs: PP-OCR's text direction classifier, a model with hostile names, and SqueezeNet where it is there.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { classifier, fixture, squire, temporaryFolder } from '../e2e/squire.js'
import { tiny, write } from '../e2e/tiny.js'
import { node } from '../onnx/models.js'
import { findBrowser, type Opened, openBrowser } from './browser.js'

const executable = findBrowser()
const folder = temporaryFolder()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const squeezeNet = join(import.meta.dirname, '../../../shared/data/models/squeezenet1.0.onnx')
const photographs = join(import.meta.dirname, '../../../shared/data/imagenet')
const hasSqueezeNet = existsSync(squeezeNet) && existsSync(photographs)
if (!hasSqueezeNet) console.warn('\nSKIPPED: the report of SqueezeNet, for want of shared/data.\n')

async function report(name: string, words: readonly string[]): Promise<string> {
  const out = join(folder, name)
  const ended = await squire(['quant', ...words, '-s', out])
  expect(ended.status, ended.stderr).toBe(0)
  return join(out, 'report.html')
}

const lines = () => {
  const data = ['-uds', fixture('noise.mjs'), '-if', 'measured', '-d', JSON.stringify(Array(3).fill([1, 3, 48, 192]))]
  const words = ['-i', '2', '-qm', 'mse', 'min_max', '--zero-points', 'none', '--compare-iteration', '2']
  return report('lines', ['-m', classifier, ...data, ...words, '--noise-shares', '1'])
}

const hostile = '</script><img src=x onerror=alert(1)>"\'&'
const hostileNames = () => {
  const nodes = [node('Gemm', ['x', 'w'], [hostile], [], hostile), node('Relu', [hostile], ['y'], [], '<b>relu</b>')]
  const model = write(tiny({ nodes }), folder, 'hostile.onnx')
  return report('hostile', ['-m', model, '-uds', fixture('tiny.mjs'), '-if', 'dataset', '-i', '4'])
}

const photos = () => {
  const script = join(import.meta.dirname, '../../examples/imagenet/dataset.mjs')
  const data = ['-uds', script, '-if', 'imagenet', '-d', photographs, '-i', '4', '--compare-iteration', '2']
  return report('photos', ['-m', squeezeNet, ...data])
}

const cases = [
  { name: 'PP-OCR classifier', make: lines, runs: true, themes: ['light'], shares: true },
  { name: 'model with hostile names', make: hostileNames, runs: true, themes: ['light', 'dark'], shares: false },
  { name: 'SqueezeNet', make: photos, runs: hasSqueezeNet, themes: ['dark'], shares: false },
]

interface Complaint {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** axe's findings that keep people out. */
async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = (await page.evaluate('axe.run()')) as { violations: readonly Complaint[] }
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

/** The page draws itself when the browser finds time. */
const soon = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 10_000 })

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

describe.skipIf(executable === undefined)('The report of a', () => {
  let browser: Opened
  beforeAll(async () => {
    browser = await openBrowser(executable!)
  })
  afterAll(() => browser?.close())

  describe.each(cases.filter(({ runs }) => runs))('$name', ({ make, themes, shares }) => {
    let page: Page
    const said: string[] = []
    const requests: string[] = []
    beforeAll(async () => {
      const file = await make()
      page = await browser.context.newPage()
      page.on('console', (message) => said.push(message.text()))
      page.on('pageerror', (error) => said.push(error.message))
      page.on('dialog', (dialog) => said.push(`dialog: ${dialog.message()}`))
      page.on('request', (request) => requests.push(request.url()))
      await page.setViewportSize({ width: 1280, height: 900 })
      await page.goto(pathToFileURL(file).href)
      await page.waitForSelector('#tensors')
    })

    it('has the verdict first, and everything that it promises', async () => {
      expect(await page.locator('h2').allTextContents()).toEqual([
        'Verdict',
        'Error along the network',
        'Tensors',
        'Graph',
        'Run',
      ])
      expect(await page.locator('.headline').textContent()).toMatch(/loss with/)
      await soon(() => page.locator('.worst li').count()).toBeGreaterThan(0)
    })

    it('says whose noise it is where the run measured that', async () => {
      const heading = page.locator('h3', { hasText: 'Whose noise it is' })
      expect(await heading.count()).toBe(shares ? 1 : 0)
      const list = heading.locator('xpath=following-sibling::ol[1]/li')
      expect(await list.count()).toBe(shares ? 8 : 0)
    })

    it('sorts its tensors by any column, what has no value last', async () => {
      const heading = page.getByRole('button', { name: 'alone' })
      await heading.click()
      await page.locator('th[aria-sort=ascending]', { hasText: 'alone' }).waitFor()
      const values = await page.locator('.tensors tbody tr td:nth-child(4)').allTextContents()
      const numbers = values.filter((text) => text !== '–').map((text) => Number(text.replace('−', '-')))
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
      expect(numbers.length).toBeGreaterThan(1)
      await heading.click()
      await soon(() => page.locator('th[aria-sort=descending]').count()).toBe(1)
    })

    it('finds tensors by their name', async () => {
      const name = (await page.locator('.tensors th.name').last().textContent())!
      await page.getByRole('searchbox').fill(name)
      const found = () => page.locator('.tensors th.name').allTextContents()
      const told = () => page.locator('.filters output').textContent()
      await soon(async () => (await told())?.startsWith(`${(await found()).length} of `)).toBe(true)
      expect(await found()).toContain(name)
      await page.getByRole('searchbox').fill('')
    })

    it('opens a tensor with its histogram, its ranges and its errors, from the worst layers and by the keyboard', async () => {
      await page.locator('.worst button').first().click()
      await page.waitForSelector('.detail .chart svg')
      expect(await page.locator('.detail caption').allTextContents()).toEqual([
        'What each range costs, as RMSE over these values',
        expect.stringContaining('Error against float'),
      ])
      const opener = page.locator('.tensors button[aria-expanded=true]')
      await opener.focus()
      await page.keyboard.press('Enter')
      await soon(() => page.locator('.detail').count()).toBe(0)
      await page.keyboard.press('Enter')
      await soon(() => page.locator('.detail').count()).toBe(1)
    })

    it('tells the values of a point under the pointer, and opens its tensor when it is clicked', async () => {
      const chart = page.locator('section[aria-labelledby=depth] svg').first()
      const places = await chart.locator('[aria-label="x-axis tick label"] text').allTextContents()
      expect(places.length).toBeGreaterThan(1)
      expect(places.join(' ')).not.toContain('.')
      // Drawing replaces the picture, in which no pointer is any more.
      await soon(async () => {
        await chart.hover()
        return chart.locator('[aria-label=tip]').textContent()
      }).toMatch(/alone .*dB/)
      await chart.click()
      await soon(() => page.locator('.detail').count()).toBe(1)
    })

    it('draws the graph when it is asked for', async () => {
      await page.locator('summary').click()
      await page.waitForSelector('.graph .node')
      await soon(() => page.locator('.graph .node').count()).toBeGreaterThan(0)
    })

    it.each([1280, 360])('does not scroll sideways at %i px, with a tensor and the graph open', async (width) => {
      await page.setViewportSize({ width, height: 800 })
      await soon(() => overflow(page)).toBe(0)
      await soon(() =>
        page
          .getByRole('region', { name: 'Table of tensors', exact: true })
          .evaluate((table) => table.scrollWidth - table.clientWidth),
      ).toBe(0)
    })

    it.each(themes)('keeps nobody out in %s', async (theme) => {
      await page.getByLabel(theme, { exact: true }).check()
      await soon(() => page.evaluate('document.documentElement.dataset.theme')).toBe(theme)
      expect(await complaints(page)).toEqual([])
    })

    it('has had nothing to complain of, and has asked for nothing but itself', () => {
      expect(said).toEqual([])
      expect(requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1)
    })
  })

  describe('pair of runs', () => {
    let page: Page
    const said: string[] = []
    beforeAll(async () => {
      const model = write(
        tiny({ nodes: [node('Gemm', ['x', 'w'], ['g']), node('Relu', ['g'], ['y'])] }),
        folder,
        'a.onnx',
      )
      const words = ['-m', model, '-uds', fixture('tiny.mjs'), '-if', 'dataset', '-i', '4']
      await report('before', [...words, '-qm', 'min_max'])
      await report('after', [...words, '-qm', 'mse'])
      const ended = await squire(['report', join(folder, 'before'), join(folder, 'after'), '-s', join(folder, 'pair')])
      expect(ended.status, ended.stderr).toBe(0)
      page = await browser.context.newPage()
      page.on('console', (message) => said.push(message.text()))
      page.on('pageerror', (error) => said.push(error.message))
      await page.goto(pathToFileURL(join(folder, 'pair', 'report.html')).href)
      await page.waitForSelector('#layers')
    })

    it('shows what was asked differently, and what each layer gained', async () => {
      expect(await page.locator('h2').allTextContents()).toEqual(['What changed', 'By layer'])
      const outcome = await page.locator('section[aria-labelledby=outcome] tbody tr').allTextContents()
      expect(outcome.join('\n')).toMatch(/min_max.*mse/)
      expect(await page.locator('.tensors tbody tr').count()).toBeGreaterThan(1)
    })

    it('puts the layers in the order that is asked for', async () => {
      const gains = async () =>
        (await page.locator('.tensors tbody td:nth-child(4)').allTextContents())
          .map((text) => Number(text.replace('−', '-').replace('+', '')))
          .filter(Number.isFinite)
      expect(await gains()).toEqual((await gains()).sort((a, b) => a - b))
      await page.getByLabel('most gained first').check()
      await soon(async () => {
        const shown = await gains()
        return JSON.stringify(shown) === JSON.stringify([...shown].sort((a, b) => b - a))
      }).toBe(true)
    })

    it.each([1280, 390])('does not scroll sideways at %i px, and keeps nobody out', async (width) => {
      await page.setViewportSize({ width, height: 800 })
      await soon(() => overflow(page)).toBe(0)
      expect(await complaints(page)).toEqual([])
      expect(said).toEqual([])
    })
  })
})
