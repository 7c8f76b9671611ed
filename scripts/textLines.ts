// Text lines for the demo, drawn from a font's outlines, so that no system font is needed. Line n is a function of n alone:
// the same bytes from run to run, in any order. Every second line is upside down, which is what the classifier tells.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import opentype, { type Font, type Path } from 'opentype.js'
import sharp from 'sharp'

/** Change it with anything that changes a pixel: images of another recipe are drawn again. */
export const recipe = 1

const fontNames = ['DejaVuSans', 'DejaVuSans-Bold', 'DejaVuSerif', 'DejaVuSansMono', 'DejaVuSansCondensed']

const words =
  `Station Platform Exit Museum Library Harbour Bridge Market Garden Kitchen Engine Voltage Current Pressure Sensor
  Filter Signal Number Street Avenue Parking Ticket Invoice Total Amount Receipt Delivery Package Fragile Warning Danger
  Caution Battery Charger Adapter Camera Lens Printer Paper Coffee Orange Bakery Pharmacy Hospital Airport Departure Arrival
  Gate Terminal Customs Service Repair Model Serial Version Quality Control Passed Checked Weight Height Length`.split(
    /\s+/,
  )

export interface TextLine {
  readonly text: string
  /** Degrees the line is turned by: the label. */
  readonly turned: 0 | 180
}

/** The fonts lines are drawn with. */
export function loadFonts(): Promise<Font[]> {
  const { resolve } = createRequire(import.meta.url)
  return Promise.all(
    fontNames.map(async (name) => {
      const bytes = await readFile(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))
      return opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer)
    }),
  )
}

/** Draws line `index`: what it says, how it is turned, and the image as PNG. */
export async function drawTextLine(
  index: number,
  fonts: readonly Font[],
): Promise<TextLine & { readonly png: Buffer }> {
  const random = generator(index)
  const text = compose(random)
  const svg = outline(text, fonts[Math.floor(random() * fonts.length)]!, random)
  const blurred = sharp(Buffer.from(svg))
    .removeAlpha()
    .blur(0.3 + 1.2 * random())
  const { data, info } = await blurred.raw().toBuffer({ resolveWithObject: true })
  const turned = index % 2 === 0 ? 0 : 180
  const pixels = addNoise(turned === 180 ? halfTurn(data) : data, 2 + 22 * random(), random)
  const raw = { width: info.width, height: info.height, channels: 3 } as const
  return { text, turned, png: await sharp(pixels, { raw }).png({ compressionLevel: 3 }).toBuffer() }
}

/** A few words and numbers: "Gate 27 Departure", "Serial 4019-B". */
function compose(random: () => number): string {
  const word = words[Math.floor(random() * words.length)]!
  const other = words[Math.floor(random() * words.length)]!
  const digits = String(Math.floor(10 + random() * 99_990))
  const letter = String.fromCharCode(65 + Math.floor(random() * 26))
  const forms = [
    `${word} ${digits}`,
    `${word} ${other}`,
    `${word} ${digits}-${letter}`,
    `${digits} ${word}`,
    word,
    word.toUpperCase(),
  ]
  return forms[Math.floor(random() * forms.length)]!
}

/** The line as SVG: outlines in one colour on another, with a margin and a small slope. */
function outline(text: string, font: Font, random: () => number): string {
  const size = 18 + 34 * random()
  const path = layOut(text, font, size)
  const box = path.getBoundingBox()
  const margin = size * (0.12 + 0.3 * random())
  const width = Math.round(box.x2 - box.x1 + 2 * margin)
  const height = Math.round(box.y2 - box.y1 + 2 * margin)
  const slope = 3 * (random() - 0.5)
  const [paper, ink] = colors(random)
  const place = `translate(${(margin - box.x1).toFixed(2)} ${(margin - box.y1).toFixed(2)})`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<rect width="100%" height="100%" fill="${paper}"/>
<g transform="rotate(${slope.toFixed(2)} ${width / 2} ${height / 2}) ${place}"><path fill="${ink}" d="${path.toPathData(2)}"/></g>
</svg>`
}

/** Glyph after glyph, with the font's own spacing: Latin and digits need no shaping. */
function layOut(text: string, font: Font, size: number): Path {
  const path = new opentype.Path()
  let x = 0
  for (const character of text) {
    const glyph = font.charToGlyph(character)
    path.extend(glyph.getPath(x, 0, size))
    x += ((glyph.advanceWidth ?? 0) / font.unitsPerEm) * size
  }
  return path
}

/** Two colours whose brightness differs by 80 of 255 or more; either may be the paper. */
function colors(random: () => number): readonly [string, string] {
  const color = () => [0, 0, 0].map(() => Math.floor(random() * 256))
  const brightness = ([r = 0, g = 0, b = 0]: number[]) => 0.299 * r + 0.587 * g + 0.114 * b
  for (;;) {
    const [paper, ink] = [color(), color()]
    if (Math.abs(brightness(paper) - brightness(ink)) >= 80) return [`rgb(${paper.join()})`, `rgb(${ink.join()})`]
  }
}

/** RGB pixels in reverse order: the image turned by 180 degrees. */
function halfTurn(pixels: Buffer): Buffer {
  const turned = Buffer.alloc(pixels.length)
  for (let from = 0, to = pixels.length - 3; from < pixels.length; from += 3, to -= 3)
    pixels.copy(turned, to, from, from + 3)
  return turned
}

/** Adds a sum of three uniform numbers to every value: close to normal, with deviation `deviation`. */
function addNoise(pixels: Buffer, deviation: number, random: () => number): Buffer {
  const noisy = Buffer.alloc(pixels.length)
  for (let i = 0; i < pixels.length; i++) {
    const noise = (random() + random() + random() - 1.5) * 2 * deviation
    noisy[i] = Math.max(0, Math.min(255, Math.round(pixels[i]! + noise)))
  }
  return noisy
}

/** Uniform numbers in [0, 1): Mulberry32, started from a scrambled seed. */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
