import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { ImageOptions } from '../../../src/config/config.js'
import { decodeImage, imageLayout } from '../../../src/dataset/formats/image/decode.js'
import type { ModelInput } from '../../../src/dataset/types.js'
import { DataType } from '../../../src/onnx/types.js'

const options: ImageOptions = { colorSpace: 'BGR', mean: undefined, std: undefined, paddingConstantValue: undefined }
const input = (dims: readonly (number | string)[], dataType: number = DataType.FLOAT): ModelInput => ({
  name: 'x',
  dataType,
  dims,
})
const decode = (
  bytes: Uint8Array,
  dims: readonly (number | string)[],
  given: Partial<ImageOptions> = {},
  dataType?: number,
) => decodeImage(bytes, imageLayout(input(dims, dataType), { ...options, ...given }))

// Two pixels, (R, G, B) = (1, 2, 3) and (101, 102, 103).
const raw = { width: 2, height: 1, channels: 3 } as const
const pixels = Uint8Array.of(1, 2, 3, 101, 102, 103)
const png = await sharp(pixels, { raw }).png().toBuffer()

/** Whose header says 20000 by 20000 pixels. */
function hugePng(): Uint8Array {
  const bytes = Buffer.from(png)
  const [type, size, checksum] = [12, 16, 29]
  bytes.writeUInt32BE(20000, size)
  bytes.writeUInt32BE(20000, size + 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(type, checksum)), checksum)
  return bytes
}

describe('an image', () => {
  it('becomes planes of B, G and R as they are', async () => {
    expect(await decode(png, [1, 3, 1, 2])).toEqual({
      type: 'float32',
      data: Float32Array.of(3, 103, 2, 102, 1, 101),
      dims: [1, 3, 1, 2],
    })
  })

  it('becomes RGB pixels where the model has its channels last', async () => {
    const square = await sharp(Uint8Array.of(...pixels, ...pixels), { raw: { ...raw, height: 2 } })
      .png()
      .toBuffer()
    expect(await decode(square, ['n', 2, 2, 3], { colorSpace: 'RGB' })).toEqual({
      type: 'float32',
      data: Float32Array.of(...pixels, ...pixels),
      dims: [1, 2, 2, 3],
    })
  })

  it('becomes one gray channel by the weights of BT.601', async () => {
    const gray = [1, 101].map((r) => Math.round(0.299 * r + 0.587 * (r + 1) + 0.114 * (r + 2)))
    for (const colorSpace of ['GRAY', 'BGR'] as const) {
      expect((await decode(png, [1, 1, 1, 2], { colorSpace })).data).toEqual(Float32Array.from(gray))
    }
    expect((await decode(png, [1, 'c', 1, 2], { colorSpace: 'GRAY' })).dims).toEqual([1, 1, 1, 2])
  })

  it('is normalized by mean and std on the scale of 0 to 255, in the order of the color space', async () => {
    const { data } = await decode(png, [1, 3, 1, 2], { mean: [3, 2, 1], std: [2] })
    expect(data).toEqual(Float32Array.of(0, 50, 0, 50, 0, 50))
  })

  it('stays as levels for a uint8 input', async () => {
    expect(await decode(png, [1, 3, 1, 2], {}, DataType.UINT8)).toEqual({
      type: 'uint8',
      data: Uint8Array.of(3, 103, 2, 102, 1, 101),
      dims: [1, 3, 1, 2],
    })
  })

  it('is stretched to the size of the input, or padded in its middle', async () => {
    expect((await decode(png, [1, 3, 1, 4], { colorSpace: 'RGB' })).data[0]).toBe(1)
    const { data } = await decode(png, [1, 3, 3, 2], { colorSpace: 'RGB', paddingConstantValue: 9, std: [1] })
    expect([...data.subarray(0, 6)]).toEqual([9, 9, 1, 101, 9, 9])
    const normalized = await decode(png, [1, 3, 3, 2], {
      colorSpace: 'RGB',
      paddingConstantValue: 9,
      mean: [1],
      std: [2],
    })
    expect([...normalized.data.subarray(0, 6)]).toEqual([4, 4, 0, 50, 4, 4])
  })

  it('is not resampled where it has the size of the input', async () => {
    const noise = {
      width: 37,
      height: 21,
      channels: 3,
      background: 'gray',
      noise: { type: 'gaussian', mean: 128, sigma: 50 },
    } as const
    const jpeg = await sharp({ create: noise }).jpeg().toBuffer()
    const exact = await sharp(jpeg).raw().toBuffer()
    const { data } = await decode(jpeg, [1, 21, 37, 3], { colorSpace: 'RGB' })
    expect(data).toEqual(Float32Array.from(exact))
  })

  it('may be gray, transparent, of 16 bits or turned', async () => {
    const gray = await sharp(Uint8Array.of(7, 8), { raw: { ...raw, channels: 1 } })
      .png()
      .toBuffer()
    expect((await decode(gray, [1, 3, 1, 2])).data).toEqual(Float32Array.of(7, 8, 7, 8, 7, 8))
    const clear = await sharp(Uint8Array.of(1, 2, 3, 0, 101, 102, 103, 255), { raw: { ...raw, channels: 4 } })
      .png()
      .toBuffer()
    expect((await decode(clear, [1, 3, 1, 2])).data).toEqual(Float32Array.of(3, 103, 2, 102, 1, 101))
    const wide = await sharp(pixels, { raw }).toColourspace('rgb16').png().toBuffer()
    expect((await sharp(wide).metadata()).depth).toBe('ushort')
    expect((await decode(wide, [1, 3, 1, 2])).data).toEqual(Float32Array.of(3, 103, 2, 102, 1, 101))
    const turned = await sharp(pixels, { raw }).withMetadata({ orientation: 6 }).png().toBuffer()
    expect((await decode(turned, [1, 3, 2, 1])).data).toEqual(Float32Array.of(3, 103, 2, 102, 1, 101))
  })
})

describe('options and inputs that do not fit images', () => {
  it.each<[readonly (number | string)[], Partial<ImageOptions>, number, string]>([
    [[1, 10], {}, DataType.FLOAT, 'images cannot feed input "x" with dims [1, 10]'],
    [['n', 3, 'h', 'w'], {}, DataType.FLOAT, 'with a fixed height and width'],
    [[1, 4, 2, 2], {}, DataType.FLOAT, 'expected [N, 1 or 3, height, width]'],
    [[1, 3, 2, 2], {}, DataType.INT8, 'of ONNX type 3: expected float32 or uint8'],
    [[1, 3, 2, 2], { colorSpace: 'GRAY' }, DataType.FLOAT, 'has 3 channels, but the color space is GRAY'],
    [[1, 3, 2, 2], { mean: [1, 2] }, DataType.FLOAT, 'mean has 2 values, expected 1 or 3'],
    [[1, 3, 2, 2], { std: [1, 0, 1] }, DataType.FLOAT, 'std 0 of channel 1'],
    [[1, 3, 2, 2], { mean: [1] }, DataType.UINT8, 'mean and std have no place there'],
  ])('are refused: %j %j', (dims, given, dataType, message) => {
    expect(() => imageLayout(input(dims, dataType), { ...options, ...given })).toThrow(message)
  })
})

const photographs = new URL('../../../../shared/data/imagenet/', import.meta.url)
const present = existsSync(photographs)
if (!present) console.warn('NOT TESTED: no photographs beside the repository (../shared/data/imagenet)')

it.skipIf(!present)('decodes real photographs of the size of the input exactly', async () => {
  for (const name of readdirSync(photographs).slice(0, 4)) {
    const bytes = readFileSync(new URL(name, photographs))
    const exact = await sharp(bytes).raw().toBuffer()
    const { data } = await decode(bytes, [1, 224, 224, 3], { colorSpace: 'RGB' })
    expect(Buffer.from(Uint8Array.from(data as Float32Array)).equals(exact)).toBe(true)
  }
})

describe('bytes that are no whole image', async () => {
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251)
  const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
    .jpeg()
    .toBuffer()
  it.each([
    ['nothing', Buffer.alloc(0), /^the file is empty; replace or remove the file$/],
    [
      'text',
      Buffer.from('<html>not found</html>'),
      /^is no image: expected JPEG, PNG, WebP, TIFF, AVIF or GIF; replace/,
    ],
    [
      'half of a JPEG',
      jpeg.subarray(0, jpeg.length / 2),
      /^is damaged or cut short \(VipsJpeg: premature end of .*\); replace/,
    ],
    [
      'a PNG without its header',
      png.subarray(0, 24),
      /^is damaged or cut short \([^\n:]+.*\); replace or remove the file$/,
    ],
    [
      'more pixels than any',
      hugePng(),
      /^has more than the 268 million pixels that squire decodes; replace or remove the file$/,
    ],
  ])('%s: what is wrong and what to do', async (_, bytes, message) => {
    await expect(decode(bytes, [1, 3, 8, 8])).rejects.toThrow(message)
  })
})
