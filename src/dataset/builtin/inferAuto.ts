// infer_auto: the built-in infer function. Random inputs from numpy's legacy generator, so that the numbers are the vendor's.

import { toFloat16 } from '../../onnx/elements/float16.js'
import { requireFeasible } from '../../onnx/model.js'
import type { ElementType, TensorData } from '../../onnx/types.js'
import { arrayOf, elementCount, elementTypeOf } from '../tensors/elements.js'
import type { Executor, TensorLike } from '../types.js'
import { type IntegerType, Mt19937 } from './mt19937.js'

const SEED = 123

/** Forwards the same random arrays `iteration` times. Has no metric: resolves to undefined. */
export async function inferAuto(executor: Executor): Promise<undefined> {
  executor.initShapeInfo()
  const inputs = executor.inputNodes.map((name, i) => {
    const type = elementTypeOf(executor.inputTypes[i]!)
    // A type that no array holds is left to forward, which names the input.
    requireFeasible({ name, dims: executor.shapeDicts[name]! })
    return randomTensor(type ?? 'float32', executor.shapeDicts[name]!)
  })
  const items = Array.from({ length: executor.iteration }, () => inputs)
  await executor.map(
    items,
    (item) => item,
    () => undefined,
  )
}

/** Each input seeds the generator anew: float types standard normal, signed integers [-10, 10), unsigned [1, 10), bool {0, 1}. */
export function randomTensor(type: ElementType, dims: readonly number[]): TensorLike {
  const generator = new Mt19937(SEED)
  const data = new (arrayOf(type))(elementCount(dims))
  fill(data, type, generator)
  return { data, dims, type }
}

function fill(data: TensorData, type: ElementType, generator: Mt19937): void {
  switch (type) {
    case 'float32':
    case 'float64':
      for (let i = 0; i < data.length; i++) data[i] = generator.randn()
      break
    case 'float16':
      for (let i = 0; i < data.length; i++) data[i] = toFloat16(generator.randn())
      break
    default: {
      const [low, high] = rangeOf(type)
      const values = generator.randint(low, high, data.length, type)
      for (let i = 0; i < data.length; i++) {
        if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(values[i]!)
        else data[i] = values[i]!
      }
    }
  }
}

function rangeOf(type: IntegerType): readonly [number, number] {
  if (type === 'bool') return [0, 2]
  return type.startsWith('u') ? [1, 10] : [-10, 10]
}
