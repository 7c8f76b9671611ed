// imagenet_benchmark: labelled photographs, prepared as ImageNet's evaluation has them, measured by top-1 and top-5.

import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { ImageOptions } from '../../config/config.js'
import { DataType } from '../../onnx/types.js'
import type { PathSource } from '../source.js'
import type { ModelInput } from '../types.js'

/** `data`: a folder with a folder for each class (torchvision's ImageFolder) or with a labels.txt, or such a list itself. */
export async function imagenetSource(
  data: string,
  image: ImageOptions,
  inputs: readonly ModelInput[],
): Promise<PathSource> {
  const list = path.join(data, 'labels.txt')
  const isListed = await stat(list).then(
    (found) => found.isFile(),
    () => false,
  )
  return {
    kind: 'path',
    path: isListed ? list : data,
    image: { ...normalized(image, inputs), crop: true },
    needsLabels: true,
  }
}

/** The mean and deviation of ImageNet's photographs in RGB, as PyTorch's models are trained with. */
const mean = [123.675, 116.28, 103.53]
const std = [58.395, 57.12, 57.375]

/** Where nothing else is asked for, and the model does not take the levels themselves. */
function normalized(image: ImageOptions, inputs: readonly ModelInput[]): ImageOptions {
  if (image.mean !== undefined || inputs[0]?.dataType !== DataType.FLOAT) return image
  const inOrder = (rgb: readonly number[]) => (image.colorSpace === 'BGR' ? rgb.toReversed() : rgb)
  return { ...image, mean: inOrder(mean), std: inOrder(std) }
}
