// Image files, one sample each.

import { readRegular } from '../../../files/regularFile.js'
import type { Format } from '../types.js'
import { decodeImage, imageLayout } from './decode.js'

export const image: Format = {
  name: 'image',
  extensions: ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif', '.gif'],
  sample: {
    allInputs: false,
    reader(input, _inputs, options) {
      const layout = imageLayout(input, options)
      return async (file) => ({ [input.name]: await decodeImage(await readRegular(file), layout) })
    },
  },
}
