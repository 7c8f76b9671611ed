// Options for image files, where the data have none: whoever gives them expects normalized values.

import type { ImageOptions } from '../config/config.js'
import type { DatasetSource } from '../dataset/source.js'
import type { Reporter } from '../report/types.js'

/** Whether samples are image files; tables and tar files may hold some. */
export function holdsImages(source: DatasetSource): boolean {
  if (source.kind === 'user' || source.contents?.kind === 'arrays') return false
  return source.contents?.kind !== 'files' || source.contents.parts.some(({ format }) => format === 'image')
}

export function warnOfImageOptions({ mean, paddingConstantValue }: ImageOptions, reporter: Reporter): void {
  const given = [
    ...(mean === undefined ? [] : ['--image-mean and --image-std']),
    ...(paddingConstantValue === undefined ? [] : ['--padding-constant-value']),
  ]
  if (given.length === 0) return
  reporter.warn(
    `${given.join(' and ')}: not used, since the data of this run are no image files. --mean and --std normalize inside the model.`,
  )
}
