// What an infer function is given. Checks and copies every forward's inputs; the runtime sees only what fits the model.

import type { TensorValue } from '../../onnx/types.js'
import { arrayOf } from '../tensors/elements.js'
import { asOutputs } from '../tensors/outputs.js'
import { byPosition, checkedFeeds } from '../tensors/sampleFeeds.js'
import type { Executor, Feeds, InferFunction, ModelInput, Outputs, TensorLike } from '../types.js'
import { mapForwards } from './mapForwards.js'

export interface ExecutorOptions {
  readonly iteration: number
  readonly batchSize: number
  /** `-d`, as given. */
  readonly dataset: string | undefined
  readonly saveDir: string
  readonly inputConfigs?: readonly object[] | undefined
  readonly inputs: readonly ModelInput[]
  /** Output names in model order. */
  readonly outputs: readonly string[]
  /** Output name -> name of the node that makes it, of all nodes. */
  readonly outputNodes: Readonly<Record<string, string>>
  /**
   * Runs the model; `index` counts the calls from 0, in the order in which forward was called, and `item` is that of map which it is for. The
   * feeds are checked, and own their buffers: they may be transferred to a worker.
   */
  readonly forward: (
    feeds: Feeds,
    index: number,
    item: number | undefined,
  ) => Promise<Readonly<Record<string, TensorValue>>>
  /** How many items executor.map has in memory. Default: 4. */
  readonly atOnce?: number
  /** Asked whenever the function reads earlyStopFlag. Default: never. */
  readonly stopped?: () => boolean
}

/** What squire's own functions are given besides: a forward pass that is counted to an item, which map does by itself. */
export interface ItemExecutor extends Executor {
  readonly forwardItem: (item: number, inputs: readonly TensorLike[]) => Promise<Outputs>
}

export type ItemFunction = (executor: ItemExecutor) => ReturnType<InferFunction>

export function makeExecutor(options: ExecutorOptions): ItemExecutor {
  const { inputs, outputs, batchSize, dataset, saveDir } = options
  const inputNodes = Object.freeze(inputs.map((input) => input.name))
  const inputTypes = Object.freeze(inputs.map((input) => input.dataType))
  const outputNodeList = Object.freeze([...outputs])
  const outputNodes = Object.freeze({ ...options.outputNodes })
  const inputConfigs = options.inputConfigs ?? []
  const stopped = options.stopped ?? (() => false)
  let shapes: Readonly<Record<string, readonly number[]>> = Object.freeze({})
  let calls = 0

  const initShapeInfo = () => {
    shapes = Object.freeze(Object.fromEntries(inputs.map((input) => [input.name, fixedDims(input, batchSize)])))
  }

  // Not an async function up to the call of options.forward: the inputs are copied before forward returns, so that the caller may
  // reuse its buffers, and calls reach the engine in the order in which they were made.
  const forwardItem = async (item: number | undefined, values: readonly TensorLike[]) => {
    const index = calls++
    const where = `forward ${index + 1}`
    const feeds = checkedFeeds(byPosition(values, inputs, where), inputs, where, true)
    return asOutputs(await options.forward(copied(feeds), index, item), outputs)
  }

  return {
    iteration: options.iteration,
    batchSize,
    batch_size: batchSize,
    dataset,
    inputNodes,
    input_nodes: inputNodes,
    inputTypes,
    input_types: inputTypes,
    get shapeDicts() {
      return shapes
    },
    get shape_dicts() {
      return shapes
    },
    initShapeInfo,
    init_shape_info: initShapeInfo,
    outputNodeList,
    output_node_list: outputNodeList,
    outputNameToNodeName: () => outputNodes,
    output_name_to_node_name: () => outputNodes,
    get earlyStopFlag() {
      return stopped()
    },
    get early_stop_flag() {
      return stopped()
    },
    saveDir,
    save_dir: saveDir,
    inputConfigs,
    input_configs_dict: inputConfigs,
    forward: (...values) => forwardItem(undefined, values),
    forwardItem,
    map: (items, load, use) =>
      mapForwards(items, load, use, {
        atOnce: options.atOnce ?? 4,
        most: options.iteration,
        forward: forwardItem,
        stopped,
      }),
  }
}

function fixedDims(input: ModelInput, batchSize: number): readonly number[] {
  return Object.freeze(input.dims.map((dim) => (typeof dim === 'number' ? dim : batchSize)))
}

function copied(feeds: Feeds): Feeds {
  const copies: Record<string, TensorValue> = {}
  for (const [name, { type, data, dims }] of Object.entries(feeds)) {
    const copy = new (arrayOf(type))(data.length)
    copy.set(data as never)
    copies[name] = { type, dims, data: copy }
  }
  return copies
}
