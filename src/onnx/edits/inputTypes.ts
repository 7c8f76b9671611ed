// -qid: inputs of integer types. The written model takes integers; when it is run for its metric, it is fed real values as the float model was.

import { SquireError } from '../../errors.js'
import { makeAttribute } from '../attribute.js'
import { nameSource } from '../graph.js'
import { modelInputs } from '../model.js'
import { withUniqueNames } from '../names/nodeNames.js'
import { makeNode, makeValueInfo } from '../node.js'
import { makeTensor } from '../tensor.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto } from '../types.js'

const dataTypes = { int8: DataType.INT8, uint8: DataType.UINT8, int16: DataType.INT16 } as const
const ranges = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767] } as const

export type IntegerType = keyof typeof dataTypes

export function isIntegerType(type: string | undefined): type is IntegerType {
  return type !== undefined && Object.hasOwn(dataTypes, type)
}

/** Inputs of these types, whose integers are the real values that the graph had as inputs. */
export function takingIntegers(proto: ModelProto, types: ReadonlyMap<string, IntegerType>): ModelProto {
  const unique = nameSource(proto.graph)
  const real = new Map([...types.keys()].map((name) => [name, unique(`${name}_real`)]))
  const casts = [...real].map(([name, output]) => cast(name, output, DataType.FLOAT, unique(`${name}_cast`)))
  return rewired(proto, real, casts, (name) => types.get(name) && dataTypes[types.get(name)!])
}

/**
 * float32 inputs in place of these integer ones: rounded and clipped to the type's range.
 * @throws SquireError CONFIG when an input has another type
 */
export function takingReals(proto: ModelProto, types: ReadonlyMap<string, IntegerType>): ModelProto {
  const unique = nameSource(proto.graph)
  const integers = new Map<string, string>()
  const nodes: NodeProto[] = []
  const constants: TensorProto[] = []
  for (const { name, dataType } of modelInputs(proto)) {
    const type = types.get(name)
    if (type === undefined) continue
    if (dataType !== dataTypes[type]) {
      throw new SquireError(
        'CONFIG',
        `--quantize-input-dtype (-qid) ${type}: input "${name}" of this model is not ${type}. Give what the model was quantized with.`,
      )
    }
    const [rounded, clipped, output, low, high] = ['rounded', 'clipped', 'integers', 'low', 'high'].map((end) =>
      unique(`${name}_${end}`),
    ) as [string, string, string, string, string]
    const bounds = [low, high].map((bound, i) =>
      makeTensor(bound, DataType.FLOAT, [], Float32Array.of(ranges[type][i]!)),
    )
    constants.push(...bounds)
    nodes.push(
      makeNode('Round', [name], [rounded], [], unique(`${name}_round`)),
      makeNode('Clip', [rounded, low, high], [clipped], [], unique(`${name}_clip`)),
      cast(clipped, output, dataType, unique(`${name}_cast`)),
    )
    integers.set(name, output)
  }
  const result = rewired(proto, integers, nodes, (name) => (integers.has(name) ? DataType.FLOAT : undefined))
  return { ...result, graph: { ...result.graph, initializer: [...result.graph.initializer, ...constants] } }
}

function cast(from: string, to: string, dataType: number, name: string): NodeProto {
  return makeNode('Cast', [from], [to], [makeAttribute('to', dataType)], name)
}

/** The graph with other input types, new first nodes, and readers of the inputs reading what these write. */
function rewired(
  { graph, ...proto }: ModelProto,
  renamed: ReadonlyMap<string, string>,
  first: readonly NodeProto[],
  typeOf: (input: string) => number | undefined,
): ModelProto {
  const input = graph.input.map((info) => {
    const type = typeOf(info.name)
    const shape = info.type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) =>
      Number(dimValue ?? -1) >= 0 ? Number(dimValue) : (dimParam ?? ''),
    )
    return type === undefined ? info : makeValueInfo(info.name, type, shape)
  })
  const node = graph.node.map((one) => ({ ...one, input: one.input.map((name) => renamed.get(name) ?? name) }))
  return { ...proto, graph: withUniqueNames({ ...graph, input, node: [...first, ...node] }).graph }
}
