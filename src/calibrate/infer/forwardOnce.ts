// One forward pass of a model for an infer function, as one task of the pool.

import type { Pool } from '../../engine/pool.js'
import type { ModelFile } from '../../engine/protocol.js'
import { SquireError } from '../../errors.js'
import type { TensorValue } from '../../onnx/types.js'
import type { Feeds } from '../runner.js'

/** @throws SquireError DATA for feeds whose dims a static model does not take */
export async function forwardOnce(
  pool: Pool,
  model: ModelFile,
  feeds: Feeds,
  name: string,
): Promise<Readonly<Record<string, TensorValue>>> {
  for (const input of model.inputs) {
    const { dims } = feeds[input.name]!
    if (input.dims.every((dim, axis) => typeof dim === 'string' || dim === dims[axis])) continue
    throw new SquireError(
      'DATA',
      `${name}: input "${input.name}" has dims [${dims.join(', ')}], expected [${input.dims.join(', ')}]: ` +
        'the quantized model is static, with the dims of the first forward pass. Measure on inputs of one size.',
    )
  }
  return byName(await pool.forward({ kind: 'forward', model, feeds, name, observation: undefined }))
}

export function byName(done: { readonly outputs: readonly { readonly name: string; readonly value: TensorValue }[] }) {
  return Object.fromEntries(done.outputs.map(({ name, value }) => [name, value]))
}
