// Values as they cross between squire and Python: what an executor is, arrays, numbers.

import type { TensorValue } from '../../../onnx/types.js'
import { tensorFor } from '../../tensors/convert.js'
import type { Executor, ModelInput, TensorLike } from '../../types.js'

/** Which share of the forwards an interpreter makes. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/** The executor's plain members, as the Python one has them. */
export function describe(executor: Executor, { index, count }: Shard): object {
  executor.initShapeInfo()
  return {
    iteration: executor.iteration,
    batch_size: executor.batchSize,
    dataset: executor.dataset ?? null,
    save_dir: executor.saveDir,
    input_nodes: executor.inputNodes,
    input_types: Object.fromEntries(executor.inputNodes.map((name, i) => [name, executor.inputTypes[i]])),
    shapes: executor.shapeDicts,
    output_node_list: executor.outputNodeList,
    output_nodes: executor.outputNameToNodeName(),
    input_configs: executor.inputConfigs,
    shard_index: index,
    shard_count: count,
  }
}

/** Python computes in float64 where nobody says otherwise: numbers become the model's type. An input too many is left to forward. */
export function converted(input: ModelInput | undefined, { type, dims, data }: TensorValue): TensorLike {
  return input === undefined ? { type, dims, data } : tensorFor(input, type, dims, data)
}

/** What Python's repr of a float says. */
export function toNumber(text: unknown): number {
  return text === 'inf' ? Number.POSITIVE_INFINITY : text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text)
}
