// infer_common: a folder of images, .npy or .bin files for each input, as input-configs describes them. Files are taken in the order of
// their names; where an input has fewer than another, its files repeat.

import path from 'node:path'
import type { InputConfig } from '../../config/config.js'
import { listed, SquireError } from '../../errors.js'
import { listFiles } from '../formats/listing/listFiles.js'
import type { FilePart, FormatName, PathSource, Preprocessing } from '../source.js'
import type { ModelInput } from '../types.js'

/** Knight's names of the formats, and the extensions that each takes. */
const formats: Readonly<Record<InputConfig['quant_data_format'], { name: FormatName; extensions: readonly string[] }>> =
  {
    Image: { name: 'image', extensions: ['.jpg', '.jpeg', '.png'] },
    Numpy: { name: 'npy', extensions: ['.npy'] },
    Bin: { name: 'bin', extensions: ['.bin'] },
  }

/** @throws SquireError CONFIG when the configs are not one an input, DATA when a folder has no such files */
export async function commonSource(
  configs: readonly InputConfig[],
  inputs: readonly ModelInput[],
): Promise<PathSource> {
  const names = inputs.map(({ name }) => name)
  const unknown = configs.find(({ input_name }) => !names.includes(input_name))
  if (unknown !== undefined) {
    throw new SquireError(
      'CONFIG',
      `input-configs: the model has no input "${unknown.input_name}"; expected ${listed(names)}`,
    )
  }
  const parts: FilePart[] = []
  for (const name of names) {
    const [config, ...more] = configs.filter(({ input_name }) => input_name === name)
    if (config === undefined || more.length > 0) {
      throw new SquireError(
        'CONFIG',
        `input-configs: expected one entry for each input, got ${more.length > 0 ? more.length + 1 : 'none'} for "${name}"`,
      )
    }
    parts.push(await partOf(config))
  }
  return {
    kind: 'path',
    path: parts.map(({ folder }) => folder).join(', '),
    image: preprocessing(configs[0]!),
    inOrder: true,
    contents: { kind: 'files', parts, labels: undefined },
  }
}

async function partOf(config: InputConfig): Promise<FilePart> {
  const { name, extensions } = formats[config.quant_data_format]
  const folder = path.resolve(config.data_dir)
  const where = `input-configs, data_dir of "${config.input_name}"`
  const listing = await listFiles(folder, { extensions }).catch((cause: NodeJS.ErrnoException) => {
    if (cause instanceof SquireError) throw cause
    throw new SquireError('DATA', `${where}: ${folder} cannot be read (${cause.message})`, { cause })
  })
  if (listing.first === undefined) {
    throw new SquireError('DATA', `${where}: no files in ${folder}: expected files ending in ${listed(extensions)}`)
  }
  return {
    input: config.input_name,
    folder,
    format: name,
    names: listing.names.build(listing.names.sortedOrder()),
    extension: '',
    image: preprocessing(config),
  }
}

/** As Knight's own infer_common has it: cubic, and levels of 0 to 1 where neither mean nor std is given. An input of bytes is normalized by the model. */
function preprocessing(config: InputConfig): Preprocessing {
  const { color_space, padding_constant_value, quantize_input_dtype } = config
  const ofBytes = quantize_input_dtype === 'uint8'
  const { mean, std } = ofBytes ? {} : config
  return {
    colorSpace: color_space,
    mean: mean ?? undefined,
    std: std ?? undefined,
    paddingConstantValue: padding_constant_value ?? undefined,
    filter: 'bicubic',
    unit: !ofBytes,
  }
}
