// --mean and --std, and inputs of bytes in input-configs: an input is normalized by the model itself, (x - mean) / std, one value or one a channel.

import { SquireError } from '../../errors.js'
import { nameSource } from '../graph.js'
import { modelInputs } from '../model.js'
import { withUniqueNames } from '../names/nodeNames.js'
import { makeNode } from '../node.js'
import { makeTensor } from '../tensor.js'
import { DataType, type ModelProto, type NodeProto } from '../types.js'

export interface Normalization {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/**
 * @param name of the input; the first where it is left away
 * @throws SquireError CONFIG when the input is not float32, or has not as many channels as there are values
 */
export function normalizeInput(proto: ModelProto, { mean, std }: Normalization, name?: string): ModelProto {
  const input = modelInputs(proto).find((one) => name === undefined || one.name === name)
  if (input === undefined || input.dataType !== DataType.FLOAT) {
    throw new SquireError('CONFIG', `--mean and --std: the model's first input "${input?.name}" is not float32`)
  }
  const unique = nameSource(proto.graph)
  const [shifted, normalized, meanName, stdName] = ['shifted', 'normalized', 'mean', 'std'].map((end) =>
    unique(`${input.name}_${end}`),
  ) as [string, string, string, string]
  const shape = (values: readonly number[]) => shapeOf(values.length, input.dims, input.name)
  const nodes: readonly NodeProto[] = [
    makeNode('Sub', [input.name, meanName], [shifted], [], unique(`${input.name}_mean_sub`)),
    makeNode('Div', [shifted, stdName], [normalized], [], unique(`${input.name}_std_div`)),
  ]
  const { graph } = proto
  const constants = [
    makeTensor(meanName, DataType.FLOAT, shape(mean), Float32Array.from(mean)),
    makeTensor(stdName, DataType.FLOAT, shape(std), Float32Array.from(std)),
  ]
  const node = [...nodes, ...graph.node.map((one) => reading(one, input.name, normalized))]
  const initializer = [...graph.initializer, ...constants]
  return { ...proto, graph: withUniqueNames({ ...graph, node, initializer }).graph }
}

/** Subgraphs that read the input go on reading it as it is: an exporter that captures a graph's input in a branch is not known. */
function reading(node: NodeProto, from: string, to: string): NodeProto {
  return { ...node, input: node.input.map((name) => (name === from ? to : name)) }
}

/** Channels are axis 1, or the last axis where that alone has as many. One value has no axis. */
function shapeOf(count: number, dims: readonly (number | string)[], name: string): number[] {
  if (count === 1) return []
  if (dims.length > 2 && dims[1] === count) return [count, ...dims.slice(2).map(() => 1)]
  if (dims.at(-1) === count) return [count]
  throw new SquireError(
    'CONFIG',
    `mean and std: ${count} values do not fit input "${name}" with dims [${dims.join(', ')}]: give one, or one for each channel`,
  )
}
