// A folder of JPEG files of 224x224 pixels named CLASS_anything.jpg, for SqueezeNet 1.0 and other Caffe-style ImageNet models:
// BGR, 0 to 255, minus the channels' means.
//
//   squire quant -m squeezenet1.0.onnx -uds examples/imagenet/dataset.mjs -if imagenet -d FOLDER -i 100 --eval-iteration all

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { defineDataset, topK } from 'squire-quant'

const side = 224
const means = [104, 117, 123]

/** `data` is what -d said: the folder. */
export const imagenet = defineDataset(async ({ data }) => {
  const files = (await readdir(data)).filter((name) => /^\d+_.*\.jpe?g$/i.test(name)).sort()
  const classOf = (i) => Number.parseInt(files[i], 10)
  return {
    size: () => files.length,
    id: (i) => files[i],
    classOf,
    load: async (i) => ({ inputs: [await loadImage(path.join(data, files[i]))], label: classOf(i) }),
    metric: topK({ k: 1 }),
  }
})

/** One JPEG file -> [1, 3, 224, 224]. */
async function loadImage(file) {
  const { data, info } = await sharp(file)
    .toColorspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  if (info.width !== side || info.height !== side) {
    throw new Error(`${file} has ${info.width}x${info.height} pixels, expected ${side}x${side}`)
  }
  const plane = side * side
  const bgr = new Float32Array(3 * plane)
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      bgr[channel * plane + pixel] = data[3 * pixel + 2 - channel] - means[channel]
    }
  }
  return { data: bgr, dims: [1, 3, side, side] }
}
