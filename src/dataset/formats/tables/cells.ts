// Cells of a table as tensors: encoded images, or lists of numbers that fill a model's input.

import { SquireError } from '../../../errors.js'
import type { ElementType, TensorData } from '../../../onnx/types.js'
import type { Preprocessing } from '../../source.js'
import { tensorFor } from '../../tensors/convert.js'
import { elementCount, elementTypeOf, elementTypeOfArray, isFloat } from '../../tensors/elements.js'
import { shown } from '../../tensors/inputTensor.js'
import type { ModelInput, TensorLike } from '../../types.js'
import { decodeImage, imageLayout } from '../image/decode.js'

/** Turns a column's cells into tensors for one input. */
export function cellReader(
  input: ModelInput,
  image: Preprocessing,
): (cell: unknown, column: string) => TensorLike | Promise<TensorLike> {
  let layout: ReturnType<typeof imageLayout> | undefined
  return (cell, column) => {
    const bytes = bytesOf(cell)
    if (bytes !== undefined) {
      layout ??= imageLayout(input, image)
      return decodeImage(bytes, layout)
    }
    const values = numbersOf(cell, elementTypeOf(input.dataType))
    if (values === undefined) throw new SquireError('DATA', `column "${column}" is empty or holds no numbers`)
    const dims = input.dims.map((dim, axis) => (axis === 0 ? 1 : dim))
    if (!dims.every((dim) => typeof dim === 'number')) {
      throw new SquireError(
        'DATA',
        `lists cannot feed input "${input.name}" with dims ${shown(input.dims)}: they have no shape. Use .npy files`,
      )
    }
    if (values.data.length !== elementCount(dims)) {
      throw new SquireError(
        'DATA',
        `column "${column}" has ${values.data.length} numbers, expected ${elementCount(dims)} for dims ${shown(dims)}`,
      )
    }
    return tensorFor(input, values.type, dims, values.data)
  }
}

function bytesOf(cell: unknown): Uint8Array | undefined {
  const bytes = cell instanceof Uint8Array ? cell : (cell as { bytes?: unknown } | null)?.bytes
  return bytes instanceof Uint8Array ? bytes : undefined
}

function numbersOf(
  cell: unknown,
  wanted: ElementType | undefined,
): { type: ElementType; data: TensorData } | undefined {
  const type = elementTypeOfArray(cell)
  if (type !== undefined) return { type, data: cell as TensorData }
  if (!Array.isArray(cell)) return undefined
  if (cell.every((value) => typeof value === 'bigint'))
    return { type: 'int64', data: BigInt64Array.from(cell as bigint[]) }
  if (!cell.every((value) => typeof value === 'number')) return undefined
  const whole = wanted !== undefined && !isFloat(wanted) && cell.every(Number.isInteger)
  return whole
    ? { type: 'int64', data: BigInt64Array.from(cell as number[], BigInt) }
    : { type: 'float64', data: Float64Array.from(cell as number[]) }
}
