// Images of every kind that cameras and tools write, whole and damaged, under every option for images: a whole one becomes the tensor that was
// asked for; a damaged one does, too, or is an error of its sample. SQUIRE_FUZZ=6000 makes a hundred times as many cases.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { openDataset } from '../../src/dataset/datasets.js'
import { SquireError } from '../../src/errors.js'
import { DataType } from '../../src/onnx/types.js'
import { temporaryFolder } from '../e2e/squire.js'
import { mutated, Random } from './mutate.js'

const numRuns = Number(process.env.SQUIRE_FUZZ ?? 60)
const folder = temporaryFolder()

const size = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 40 }), weight: 9 }, fc.constantFrom(1, 255, 256, 700))
const picture = fc.record({
  width: size,
  height: size,
  channels: fc.constantFrom(1, 3, 4),
  deep: fc.boolean(),
  kind: fc.constantFrom('png', 'palette', 'jpeg', 'cmyk', 'progressive', 'webp', 'tiff', 'gif'),
  /** As EXIF has it: 1 to 8. */
  orientation: fc.integer({ min: 1, max: 8 }),
  seed: fc.nat(),
})
type Picture = typeof picture extends fc.Arbitrary<infer T> ? T : never

async function encoded({ width, height, channels, deep, kind, orientation, seed }: Picture): Promise<Buffer> {
  const random = new Random(seed)
  const pixels = Uint8Array.from({ length: width * height * channels }, () => random.below(256))
  const raw = sharp(pixels, { raw: { width, height, channels: channels as 1 | 3 | 4 } })
  const image = (deep && kind === 'png' ? raw.toColourspace('rgb16') : raw).withMetadata({ orientation })
  switch (kind) {
    case 'palette':
      return image.png({ palette: true }).toBuffer()
    case 'cmyk':
      return image.toColourspace('cmyk').jpeg().toBuffer()
    case 'progressive':
      return image.jpeg({ progressive: true }).toBuffer()
    default:
      return image.toFormat(kind as 'png').toBuffer()
  }
}

const wanted = fc
  .record({
    height: fc.integer({ min: 1, max: 30 }),
    width: fc.integer({ min: 1, max: 30 }),
    channels: fc.constantFrom(1, 3),
    channelsFirst: fc.boolean(),
    bytes: fc.boolean(),
    padding: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
    unit: fc.boolean(),
    crop: fc.boolean(),
  })
  // A height of 1 or 3 before the channels is taken for channels that come first.
  .filter(({ height, channelsFirst }) => channelsFirst || (height !== 1 && height !== 3))
type Wanted = typeof wanted extends fc.Arbitrary<infer T> ? T : never

async function read(
  bytes: Buffer,
  { height, width, channels, channelsFirst, bytes: asBytes, padding, unit, crop }: Wanted,
) {
  const path = join(folder, 'image.png')
  writeFileSync(path, bytes)
  const dims = channelsFirst ? [1, channels, height, width] : [1, height, width, channels]
  const colorSpace = channels === 1 ? ('GRAY' as const) : ('RGB' as const)
  const own = asBytes ? {} : { unit, crop }
  const image = { colorSpace, mean: undefined, std: undefined, paddingConstantValue: padding, ...own }
  const input = { name: 'x', dataType: asBytes ? DataType.UINT8 : DataType.FLOAT, dims }
  const dataset = await openDataset({ kind: 'path', path, image }, [input])
  const { feeds } = await dataset.load(0).finally(() => dataset.close())
  return { dims, most: !asBytes && unit ? 1 : 255, x: feeds.x! }
}

async function expectWhole(bytes: Buffer, layout: Wanted): Promise<void> {
  const { dims, most, x } = await read(bytes, layout)
  expect(x.dims).toEqual(dims)
  expect(x.data.length).toBe(dims.reduce((product, dim) => product * dim))
  const values = Array.from(x.data, Number)
  expect(values.every((value) => value >= 0 && value <= most)).toBe(true)
}

test('an image of any kind becomes the tensor that was asked for', { timeout: 3_600_000 }, async () => {
  const property = fc.asyncProperty(picture, wanted, async (drawn, layout) => expectWhole(await encoded(drawn), layout))
  await fc.assert(property, { numRuns })
})

test('a damaged image is read or refused', { timeout: 3_600_000 }, async () => {
  let taken = 0
  const property = fc.asyncProperty(picture, picture, wanted, fc.nat(), async (drawn, other, layout, seed) => {
    const bytes = mutated(await encoded(drawn), await encoded(other), new Random(seed))
    try {
      await expectWhole(bytes, layout)
      taken++
    } catch (error) {
      if (!(error instanceof SquireError)) throw error
      expect(error.message).not.toMatch(/undefined|\[object Object\]/)
    }
  })
  await fc.assert(property, { numRuns })
  expect(taken).toBeGreaterThan(numRuns / 20)
  expect(taken).toBeLessThan(numRuns)
})
