// What a model gives for one sample, as plain numbers.

import { fromFloat16 } from '../../src/onnx/elements/float16.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import type { TensorValue } from '../../src/onnx/types.js'

export async function outputsOf(bytes: Uint8Array, feeds: Readonly<Record<string, TensorValue>>) {
  const session = await createSession(bytes)
  try {
    return await session.run(feeds)
  } finally {
    await session.release()
  }
}

export const numbers = ({ type, data }: TensorValue) =>
  Array.from(data as ArrayLike<number | bigint>, (x) => (type === 'float16' ? fromFloat16(Number(x)) : Number(x)))
