// Image files -> tensors: decode, fit to the model's height and width, colour order, mean and std, layout.
// An image that has the model's size already is not resampled.

import { messageOf, SquireError } from '../../../errors.js'
import { DataType, type TensorValue } from '../../../onnx/types.js'
import type { Preprocessing } from '../../source.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput } from '../../types.js'
import { type Filter, type Pixels, resample, type Window } from './resample.js'

/** How an image of another size or aspect ratio becomes one of the model's. */
type Fit =
  | { readonly kind: 'stretch' }
  /** Scaled to fit, in the middle of this level (0-255). */
  | { readonly kind: 'pad'; readonly level: number }
  /** The shorter side is scaled to so many pixels, then the middle is cut out. */
  | { readonly kind: 'crop'; readonly shorter: number }

/** What the model's input and the options ask of an image, worked out once. */
export interface ImageLayout {
  readonly height: number
  readonly width: number
  readonly channels: 1 | 3
  readonly channelsFirst: boolean
  /** Position in the decoded RGB of each channel of the tensor. */
  readonly order: readonly number[]
  readonly fit: Fit
  readonly filter: Filter
  /** Value of each level 0-255 of each channel: (level - mean) / std; undefined: the input is uint8. */
  readonly levels: readonly Float32Array[] | undefined
}

type Sharp = typeof import('sharp').default
let loaded: Promise<Sharp> | undefined

/** libvips decodes on one thread each: the parallelism is across samples. Loaded when the first image comes. */
function loadSharp(): Promise<Sharp> {
  loaded ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(1)
    sharp.cache(false)
    return sharp
  })
  return loaded
}

/** @throws SquireError DATA or CONFIG when images cannot feed this input, or the options do not fit it */
export function imageLayout(input: ModelInput, options: Preprocessing): ImageLayout {
  const [, a, b, c] = input.dims
  const channelsFirst = input.dims.length === 4 && !(isChannels(c) && !isChannels(a))
  const [channels, height, width] = channelsFirst ? [a, b, c] : [c, a, b]
  const size = typeof height === 'number' && typeof width === 'number' ? { height, width } : undefined
  if (input.dims.length !== 4 || size === undefined || (typeof channels === 'number' && !isChannels(channels))) {
    throw new SquireError(
      'DATA',
      `images cannot feed input "${input.name}" with dims ${shown(input.dims)}: expected [N, 1 or 3, height, width] or [N, height, width, 1 or 3] with a fixed height and width. Bring such data as .npy files or with a dataset object`,
    )
  }
  if (input.dataType !== DataType.FLOAT && input.dataType !== DataType.UINT8) {
    throw new SquireError(
      'DATA',
      `images cannot feed input "${input.name}" of ONNX type ${input.dataType}: expected float32 or uint8`,
    )
  }
  const count = channels === 1 || (typeof channels === 'string' && options.colorSpace === 'GRAY') ? 1 : 3
  if (count === 3 && options.colorSpace === 'GRAY') {
    throw new SquireError(
      'CONFIG',
      `input "${input.name}" has 3 channels, but the color space is GRAY: expected BGR or RGB`,
    )
  }
  return {
    ...size,
    channels: count,
    channelsFirst,
    order: count === 1 ? [0] : options.colorSpace === 'BGR' ? [2, 1, 0] : [0, 1, 2],
    fit: fitOf(size, options),
    filter: options.filter ?? 'bilinear',
    levels: levelsOf(input, options, count),
  }
}

/** @throws Error that says what is wrong with the bytes, when they are no image or a damaged one */
export async function decodeImage(bytes: Uint8Array, layout: ImageLayout): Promise<TensorValue> {
  const decoded = await decodePixels(bytes)
  return toTensor(fitted(layout.channels === 1 ? toGray(decoded) : decoded, layout), layout)
}

/** As OpenCV reads an image: upright, without colour management or transparency, 8 bits a channel. */
async function decodePixels(bytes: Uint8Array): Promise<Pixels> {
  const sharp = await loadSharp()
  try {
    const { data, info } = await sharp(bytes, { ignoreIcc: true, failOn: 'error' })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.height, channels: info.channels }
  } catch (cause) {
    throw new Error(`${problemOf(bytes, messageOf(cause))}; replace or remove the file`, { cause })
  }
}

/** libvips may say one thing many times, and leave the line behind a colon empty. */
function problemOf(bytes: Uint8Array, message: string): string {
  if (bytes.length === 0) return 'the file is empty'
  if (/unsupported image format/.test(message)) return 'is no image: expected JPEG, PNG, WebP, TIFF, AVIF or GIF'
  if (/exceeds pixel limit/.test(message)) return 'has more than the 268 million pixels that squire decodes'
  const complaint = message.split('\n')[0]!.replace(/^Input buffer has corrupt header:\s*/, '')
  return `is damaged or cut short (${complaint || 'its header is corrupt'})`
}

function fitOf({ height, width }: Size, options: Preprocessing): Fit {
  if (options.crop) return { kind: 'crop', shorter: Math.round((Math.max(height, width) * 256) / 224) }
  const level = options.paddingConstantValue
  return level === undefined ? { kind: 'stretch' } : { kind: 'pad', level }
}

function fitted(image: Pixels, { fit, filter, height, width }: ImageLayout): Pixels {
  switch (fit.kind) {
    case 'stretch':
      return resample(image, width, height, filter)
    case 'pad': {
      const ratio = Math.min(width / image.width, height / image.height)
      const side = (length: number) => Math.max(1, Math.round(length * ratio))
      return resample(image, side(image.width), side(image.height), filter)
    }
    case 'crop': {
      const whole = scaledToShorter(image, fit.shorter)
      return resample(image, whole.width, whole.height, filter, middle(whole, { height, width }))
    }
  }
}

/** torchvision's Resize(shorter): the longer side is rounded down. */
function scaledToShorter({ width, height }: Pixels, shorter: number): Size {
  return width <= height
    ? { width: shorter, height: Math.trunc((shorter * height) / width) }
    : { width: Math.trunc((shorter * width) / height), height: shorter }
}

/** torchvision's CenterCrop: Python rounds halves to even. */
function middle(whole: Size, size: Size): Window {
  const start = (room: number) => (room % 4 === 1 ? (room - 1) / 2 : Math.round(room / 2))
  return { left: start(whole.width - size.width), top: start(whole.height - size.height), ...size }
}

interface Size {
  readonly width: number
  readonly height: number
}

function toTensor(pixels: Pixels, layout: ImageLayout): TensorValue {
  const { height, width, channels, channelsFirst, order, levels, fit } = layout
  const padding = fit.kind === 'pad' ? fit.level : 0
  const data =
    levels === undefined ? new Uint8Array(channels * height * width) : new Float32Array(channels * height * width)
  const top = (height - pixels.height) >> 1
  const left = (width - pixels.width) >> 1
  const [step, plane] = channelsFirst ? [1, height * width] : [channels, 1]
  for (let channel = 0; channel < channels; channel++) {
    const level = levels?.[channel]
    const out = data.subarray(channel * plane)
    if (pixels.height !== height || pixels.width !== width) {
      const empty = level === undefined ? padding : level[padding]!
      for (let i = 0; i < height * width; i++) out[i * step] = empty
    }
    const from = pixels.channels === 1 ? 0 : order[channel]!
    for (let y = 0; y < pixels.height; y++) {
      let source = y * pixels.width * pixels.channels + from
      let target = ((y + top) * width + left) * step
      for (let x = 0; x < pixels.width; x++, source += pixels.channels, target += step) {
        const value = pixels.data[source]!
        out[target] = level === undefined ? value : level[value]!
      }
    }
  }
  const dims = channelsFirst ? [1, channels, height, width] : [1, height, width, channels]
  return { type: levels === undefined ? 'uint8' : 'float32', data, dims }
}

/** ITU-R BT.601 luma in 14-bit fixed point, as OpenCV computes it. */
function toGray(pixels: Pixels): Pixels {
  if (pixels.channels === 1) return pixels
  const { data, width, height, channels } = pixels
  const gray = new Uint8Array(width * height)
  for (let i = 0, at = 0; i < gray.length; i++, at += channels) {
    gray[i] = (data[at]! * 4899 + data[at + 1]! * 9617 + data[at + 2]! * 1868 + 8192) >> 14
  }
  return { data: gray, width, height, channels: 1 }
}

function levelsOf(input: ModelInput, { mean, std, unit }: Preprocessing, channels: number): Float32Array[] | undefined {
  if (input.dataType === DataType.UINT8) {
    if (mean === undefined && std === undefined) return undefined
    throw new SquireError(
      'CONFIG',
      `input "${input.name}" is uint8 and takes levels 0-255: mean and std have no place there`,
    )
  }
  return Array.from({ length: channels }, (_, channel) => {
    const m = perChannel(mean, channel, channels, 'mean') ?? 0
    const s = perChannel(std, channel, channels, 'std') ?? (unit ? 255 : 1)
    if (!Number.isFinite(m) || !Number.isFinite(s) || s === 0) {
      throw new SquireError(
        'CONFIG',
        `mean ${m} and std ${s} of channel ${channel}: expected finite numbers, std not 0`,
      )
    }
    return Float32Array.from({ length: 256 }, (_, level) => (level - m) / s)
  })
}

function perChannel(
  values: readonly number[] | undefined,
  channel: number,
  channels: number,
  name: string,
): number | undefined {
  if (values === undefined || values.length === 1) return values?.[0]
  if (values.length === channels) return values[channel]
  throw new SquireError('CONFIG', `${name} has ${values.length} values, expected 1 or ${channels}: one a channel`)
}

function isChannels(dim: number | string | undefined): boolean {
  return dim === 1 || dim === 3
}
