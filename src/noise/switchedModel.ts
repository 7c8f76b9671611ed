// The float model in a Loop that quantizes one thing at a time: the tensors of a scale group, or the weights of an operator. Each turn of the
// loop has one switch on; what it quantizes is rounded and clipped as in the QDQ model, and all else stays float. A switch is an If node, so
// that what is off costs nothing.

import { EMITTED_OPSET } from '../emit/opset/opset.js'
import { makeAttribute } from '../onnx/attribute.js'
import { toNumber } from '../onnx/elements/int64.js'
import { nameSource } from '../onnx/graph.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { makeGraph, makeNode, makeValueInfo } from '../onnx/node.js'
import { isStandardDomain } from '../onnx/operators.js'
import { makeTensor } from '../onnx/tensor.js'
import { DataType, type GraphProto, type ModelProto } from '../onnx/types.js'
import type { FixedPointModel } from '../plan/types.js'
import type { NoiseSource } from './sources.js'
import { Turn } from './turn.js'

/** Opset 13 goes with this version of the intermediate representation. */
const LEAST_IR_VERSION = 7

export interface SwitchedModel {
  readonly proto: ModelProto
  /** For each source, in their order: output of the float model -> the output that holds its values with this source alone quantized. */
  readonly outputs: readonly ReadonlyMap<string, string>[]
}

/**
 * @param source the model that was quantized; raised to opset 13
 * @param outputs outputs of the float model, tensors of float32
 * @throws SquireError UNSUPPORTED for a source below opset 13 with operators that cannot be converted
 */
export function switchedModel(
  fixed: FixedPointModel,
  source: ModelProto,
  sources: readonly NoiseSource[],
  outputs: readonly string[],
): SwitchedModel {
  const unique = nameSource(source.graph)
  const turn = new Turn(fixed, source, sources, unique)
  for (const { name } of modelInputs(source)) turn.switchTensor(name, name)
  for (const operator of fixed.operators) turn.write(operator)
  return around(source, turn.graph(outputs), sources.length, outputs, unique)
}

/** The model around the loop, whose results are parted again: an output for each turn and output of the float model. */
function around(
  source: ModelProto,
  body: GraphProto,
  turns: number,
  outputs: readonly string[],
  unique: (wish: string) => string,
): SwitchedModel {
  const integer = (wish: string, value: number) =>
    makeTensor(unique(wish), DataType.INT64, [], BigInt64Array.of(BigInt(value)))
  const count = integer('turns', turns)
  const numbers = Array.from({ length: turns }, (_, turn) => integer(`turn_${turn}`, turn))
  const all = outputs.map((name) => unique(`${name}_all_turns`))
  const loop = makeNode('Loop', [count.name, ''], all, [makeAttribute('body', body)], 'turns')
  const names = numbers.map(
    (_, turn) => new Map(outputs.map((name) => [name, unique(`${name}_turn_${turn}`)] as const)),
  )
  const picked = names.flatMap((ofTurn, turn) =>
    outputs.map((name, i) =>
      makeNode('Gather', [all[i]!, numbers[turn]!.name], [ofTurn.get(name)!], [makeAttribute('axis', 0)]),
    ),
  )
  const inputs = new Set(modelInputs(source).map(({ name }) => name))
  const graph = makeGraph({
    nodes: [loop, ...picked],
    inputs: source.graph.input.filter(({ name }) => inputs.has(name)),
    outputs: names.flatMap((ofTurn) => [...ofTurn.values()].map((name) => makeValueInfo(name, DataType.FLOAT))),
    initializers: [count, ...numbers],
  })
  const domains = source.opsetImport.filter(({ domain }) => !isStandardDomain(domain))
  const opset = Math.max(EMITTED_OPSET, opsetOf(source))
  const irVersion = Math.max(LEAST_IR_VERSION, toNumber(source.irVersion))
  return {
    proto: { ...source, irVersion, opsetImport: [{ domain: '', version: opset }, ...domains], graph },
    outputs: names,
  }
}
