// What a model that squire wrote says of itself: the reading side of the metadata that it is written with.

import { SquireError } from '../errors.js'
import type { ModelProto } from '../onnx/types.js'
import type { WrittenTensor } from './tensorNames.js'

export interface Description {
  readonly chip: string | undefined
  readonly mode: string | undefined
  readonly squire: string | undefined
  readonly options: Readonly<Record<string, unknown>>
  /** Tensors held as integers; none in a model that is not of integers. */
  readonly tensors: readonly WrittenTensor[]
  /** Operators as in *_scale.json, without what is long. */
  readonly operators: readonly Readonly<Record<string, unknown>>[]
  /** Output -> what its integers are to be multiplied by. */
  readonly outputScales: ReadonlyMap<string, number>
}

/** Undefined for a model that squire did not write. @throws SquireError MODEL for one whose description is damaged */
export function describedBy({ metadataProps = [] }: ModelProto): Description | undefined {
  const told = new Map(metadataProps.map(({ key, value }) => [key, value]))
  if (!told.has('squire')) return undefined
  const prefix = 'output_scale:'
  const scales = [...told].filter(([key]) => key.startsWith(prefix))
  const tensors = parsed(told, 'tensors', []) as readonly (Omit<WrittenTensor, 'integers'> & { integers?: string })[]
  return {
    chip: told.get('chip'),
    mode: told.get('mode'),
    squire: told.get('squire'),
    options: parsed(told, 'options', {}) as Description['options'],
    tensors: tensors.map((tensor) => ({ ...tensor, integers: tensor.integers ?? tensor.name })),
    operators: parsed(told, 'operators', []) as Description['operators'],
    outputScales: new Map(scales.map(([key, value]) => [key.slice(prefix.length), Number(value)])),
  }
}

function parsed(told: ReadonlyMap<string, string>, key: string, fallback: unknown): unknown {
  const text = told.get(key)
  if (text === undefined) return fallback
  try {
    return JSON.parse(text)
  } catch {
    throw new SquireError(
      'MODEL',
      `the model's metadata "${key}" is damaged: it is not JSON. Quantize the model again.`,
    )
  }
}
