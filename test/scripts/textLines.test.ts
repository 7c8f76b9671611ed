import sharp from 'sharp'
import { expect, it } from 'vitest'
import { drawTextLine, loadFonts } from '../../scripts/textLines.js'

async function draw(indices: readonly number[]): Promise<string[]> {
  const fonts = await loadFonts()
  return Promise.all(indices.map(async (index) => (await drawTextLine(index, fonts)).png.toString('hex')))
}

it('a text line is the same bytes in every run and order', async () => {
  expect((await draw([9, 8, 7])).reverse()).toEqual(await draw([7, 8, 9]))
})

it('every second text line is upside down, all have text, and sizes differ', async () => {
  const fonts = await loadFonts()
  const lines = await Promise.all(Array.from({ length: 12 }, (_, index) => drawTextLine(index, fonts)))
  expect(lines.map(({ turned }) => turned)).toEqual(
    Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 0 : 180)),
  )
  const sizes = await Promise.all(lines.map(({ png }) => sharp(png).metadata()))
  expect(new Set(sizes.map(({ width, height }) => `${width}x${height}`)).size).toBe(12)
  for (const { png } of lines) {
    const { channels } = await sharp(png).stats()
    expect(Math.max(...channels.map(({ min, max }) => max - min))).toBeGreaterThan(60)
  }
})
