import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cropped, filters, resample } from '../../../src/dataset/formats/image/resample.js'

interface Golden {
  readonly width: number
  readonly height: number
  readonly to: readonly [number, number]
  readonly filter: (typeof filters)[number]
  /** Base64 of RGB pixels. */
  readonly pixels: string
}

/** Made by Pillow with resize.py, from the image that `noise` makes here. */
const golden = JSON.parse(readFileSync(new URL('fixtures/pillow.json', import.meta.url), 'utf8')) as Golden[]

function noise(width: number, height: number, channels = 3) {
  const data = new Uint8Array(width * height * channels)
  for (let i = 0, seed = 1; i < data.length; i++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    data[i] = seed >>> 24
  }
  return { data, width, height, channels }
}

describe('resizing', () => {
  it.each(golden)(
    'gives every pixel of Pillow: $width x $height to $to, $filter',
    ({ width, height, to, filter, pixels }) => {
      const { data } = resample(noise(width, height), to[0], to[1], filter)
      expect(Buffer.from(data).toString('base64')).toBe(pixels)
    },
  )

  const side = fc.integer({ min: 1, max: 24 })

  it('a window is cut out of the whole', () =>
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.constantFrom(...filters),
        fc.constantFrom(1, 3),
        (w, h, toW, toH, filter, c) => {
          const image = noise(w, h, c)
          const [left, top] = [toW >> 1, toH >> 1]
          const window = { left, top, width: toW - left, height: toH - top }
          expect(resample(image, toW, toH, filter, window)).toEqual(cropped(resample(image, toW, toH, filter), window))
        },
      ),
    ))

  it('an image of one colour stays one', () =>
    fc.assert(
      fc.property(side, side, side, side, fc.constantFrom(...filters), (w, h, toW, toH, filter) => {
        const image = { data: new Uint8Array(w * h).fill(93), width: w, height: h, channels: 1 }
        expect(resample(image, toW, toH, filter).data).toEqual(new Uint8Array(toW * toH).fill(93))
      }),
    ))
})
