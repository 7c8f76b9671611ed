import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { operatorsPage } from '../../scripts/operators/page.js'

it('docs/operators.md is what planning makes of every operator', async () => {
  const page = new URL('../../docs/operators.md', import.meta.url)
  expect(await readFile(page, 'utf8'), 'npm run docs writes it anew').toBe(await operatorsPage())
})
