// What PP-OCR's text direction classifier expects: BGR, 48 high, at most 192 wide, values in [-1, 1], zeros to the right.

import sharp from 'sharp'

const height = 48
const width = 192

/** One image file -> the classifier's input, [1, 3, 48, 192]. */
export async function preprocess(file) {
  const image = sharp(file)
  const size = await image.metadata()
  const used = Math.min(width, Math.ceil((height * size.width) / size.height))
  const pixels = await image
    .removeAlpha()
    .toColorspace('srgb')
    .resize(used, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer()
  const data = new Float32Array(3 * height * width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < used; x++) {
      for (let rgb = 0; rgb < 3; rgb++) {
        const bgr = 2 - rgb
        data[(bgr * height + y) * width + x] = pixels[(y * used + x) * 3 + rgb] / 127.5 - 1
      }
    }
  }
  return { data, dims: [1, 3, height, width] }
}

/** 0 for an upright line, 1 for one turned by 180 degrees: the end of its name says. */
export const labelOf = (file) => (file.endsWith('_180.png') ? 1 : 0)
