// The samples that accuracy is judged on, as datasets that squire opens: PP-OCR's three models on drawn text, and SqueezeNet on photographs.
// Sample n is a function of n alone.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { drawTextLine, loadFonts } from '../../scripts/textLines.js'
import type { DatasetOptions, TensorLike } from '../../src/dataset/types.js'
import { defineDataset, topK } from '../../src/index.js'

const fonts = loadFonts()

/** Drawn samples have no end. */
const DRAWN = 1_000_000

/** PP-OCR's normalization: (x / 255 - mean) / std a channel, in BGR order. */
interface Normalization {
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

const half: Normalization = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
const imageNet: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

export const classifier = defineDataset(() => ({
  size: () => DRAWN,
  load: async (index: number) => {
    const { png, turned } = await drawTextLine(index, await fonts)
    return { inputs: [await lineInput(png, 192)], label: turned === 180 ? 1 : 0 }
  },
}))

/** Upright lines only. */
export const recognizer = defineDataset(() => ({
  size: () => DRAWN / 2,
  load: async (index: number) => {
    const { png, text } = await drawTextLine(2 * index, await fonts)
    return { inputs: [await lineInput(png, 320)], label: text }
  },
}))

export const detector = defineDataset(() => ({
  size: () => DRAWN,
  load: async (index: number) => ({ inputs: [await pageInput(index, 320)], label: undefined }),
}))

/** Photographs named CLASS_anything.jpg, 224x224: BGR minus the channels' means. */
export const photographs = defineDataset(async ({ data }: DatasetOptions) => {
  const files = (await readdir(data!)).filter((name) => name.endsWith('.jpg')).sort()
  return {
    size: () => files.length,
    id: (index: number) => files[index]!,
    load: async (index: number) => {
      const rgb = await sharp(join(data!, files[index]!)).toColorspace('srgb').removeAlpha().raw().toBuffer()
      return { inputs: [planes(rgb, 224, 224, 224, caffe)], label: Number.parseInt(files[index]!, 10) }
    },
    metric: topK({ k: 1 }),
  }
})

/** The same photographs as torchvision takes them: RGB, (x / 255 - mean) / std. */
export const torchPhotographs = defineDataset(async ({ data }: DatasetOptions) => {
  const files = (await readdir(data!)).filter((name) => name.endsWith('.jpg')).sort()
  return {
    size: () => files.length,
    id: (index: number) => files[index]!,
    load: async (index: number) => {
      const rgb = await sharp(join(data!, files[index]!)).toColorspace('srgb').removeAlpha().raw().toBuffer()
      const bgr = planes(rgb, 224, 224, 224, (value, c) => normalized(imageNet)(value, 2 - c))
      const plane = 224 * 224
      const swapped = new Float32Array(3 * plane)
      for (let c = 0; c < 3; c++)
        swapped.set(bgr.data.subarray(c * plane, (c + 1) * plane) as Float32Array, (2 - c) * plane)
      return { inputs: [{ data: swapped, dims: bgr.dims }], label: Number.parseInt(files[index]!, 10) }
    },
    metric: topK({ k: 1 }),
  }
})

const caffe = (value: number, channel: number) => value - [104, 117, 123][channel]!

function normalized({ mean, std }: Normalization) {
  return (value: number, channel: number) => (value / 255 - mean[channel]!) / std[channel]!
}

/** A line 48 pixels high and at most `width` wide, zeros to its right. */
async function lineInput(png: Buffer, width: number): Promise<TensorLike> {
  const image = sharp(png)
  const size = await image.metadata()
  const used = Math.min(width, Math.ceil((48 * size.width) / size.height))
  const pixels = await image.removeAlpha().resize(used, 48, { fit: 'fill', kernel: 'linear' }).raw().toBuffer()
  return planes(pixels, used, 48, width, normalized(half))
}

/** A page of a few lines on grey. */
async function pageInput(index: number, side: number): Promise<TensorLike> {
  const layers: { input: Buffer; left: number; top: number }[] = []
  let top = 8
  for (let line = 0; top < side - 60; line++) {
    const { png } = await drawTextLine(2 * (index * 8 + line), await fonts)
    const { data, info } = await sharp(png)
      .resize({ width: side - 24, height: 56, fit: 'inside', withoutEnlargement: true })
      .png()
      .toBuffer({ resolveWithObject: true })
    layers.push({ input: data, left: 4 + ((index * 37 + line * 53) % (side - info.width - 8)), top })
    top += info.height + 10 + ((index + line * 7) % 20)
  }
  const shade = 90 + ((index * 29) % 120)
  const background = { r: shade, g: shade, b: shade }
  const page = sharp({ create: { width: side, height: side, channels: 3, background } }).composite(layers)
  return planes(await page.removeAlpha().raw().toBuffer(), side, side, side, normalized(imageNet))
}

/** RGB pixels of `used` columns as BGR planes of `width` columns. */
function planes(
  rgb: Buffer,
  used: number,
  height: number,
  width: number,
  convert: (value: number, channel: number) => number,
): TensorLike & { readonly data: Float32Array; readonly dims: readonly number[] } {
  const data = new Float32Array(3 * height * width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < used; x++) {
      for (let c = 0; c < 3; c++) data[(c * height + y) * width + x] = convert(rgb[(y * used + x) * 3 + 2 - c]!, c)
    }
  }
  return { data, dims: [1, 3, height, width] }
}
