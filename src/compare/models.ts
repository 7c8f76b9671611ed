// What a comparison runs: the float model with every compared tensor as an output, the integer model with what it has in their places, and the
// integer model taken apart, each of its operators fed with the float model's values.

import { join } from 'node:path'
import type { Codes } from '../difference/difference.js'
import type { ComparedTensor, Comparison, FedTensor, OwnModel } from '../engine/comparison.js'
import { modelFile, writtenFile } from '../engine/modelFile.js'
import type { ModelFile } from '../engine/protocol.js'
import type { WrittenTensor } from '../export/tensorNames.js'
import { rangeOf } from '../fixedpoint/width.js'
import { cutOutputs } from '../onnx/edits/cutOutputs.js'
import { indexGraph, nameSource, outerInputs } from '../onnx/graph.js'
import { modelInputs } from '../onnx/model.js'
import { makeNode, makeValueInfo } from '../onnx/node.js'
import { DataType, type ModelProto } from '../onnx/types.js'

/**
 * Models of more than this, in bytes of weights, map them: a worker compares up to three models, and each would hold its weights and a copy that is
 * packed for the processor. A float product may then differ in its last bit, which a measure of error does not show; products of integers are exact.
 */
export const LEAST_MAPPED_COMPARED = 2 ** 24

/**
 * The float model as what integer models are compared with; one file for all of them.
 * @param float the model that was quantized, after the graph passes
 * @param tensors every tensor that is compared
 */
export function comparedFloat(float: ModelProto, tensors: readonly string[], workspace: string): Promise<ModelFile> {
  const inputs = new Set(modelInputs(float).map(({ name }) => name))
  const inner = tensors.filter((name) => !inputs.has(name))
  return modelFile(withOutputs(float, inner, 'add'), join(workspace, 'compared_float.onnx'), LEAST_MAPPED_COMPARED)
}

/** The tensors of integers that the float model has as well: a narrowed copy is none of them. */
export function comparable(written: readonly WrittenTensor[]): WrittenTensor[] {
  return written.filter(({ of }) => of === undefined)
}

/**
 * Tensors of one own model at most. Each is an input and an output of it, and the runtime's optimizer looks through all of a model's inputs and outputs at
 * every node: one model of 1700 tensors opens in 8 s, its seven parts in 1 s together.
 */
const MOST_OWN = 256

/**
 * @param reference from comparedFloat
 * @param integer what squire made of that model
 * @param tensors all that are comparable
 * @param compared those of them that are compared
 * @param folder for temporary files: one of its own
 * @param mostOwn tensors of an own model at most
 */
export async function integerComparison(
  reference: ModelFile,
  integer: ModelProto,
  tensors: readonly WrittenTensor[],
  compared: readonly WrittenTensor[],
  folder: string,
  mostOwn: number = MOST_OWN,
): Promise<Comparison> {
  const { proto, names } = takenApart(integer, tensors)
  const endOf = ({ integers }: WrittenTensor) => names.get(integers)!.output
  const held = withOutputs(
    integer,
    compared.map(({ integers }) => integers),
    'replace',
  )
  const candidate = await modelFile(held, join(folder, 'integer.onnx'), LEAST_MAPPED_COMPARED)
  const own: OwnModel[] = []
  for (let from = 0; from < compared.length; from += mostOwn) {
    const part = cutOutputs(proto, compared.slice(from, from + mostOwn).map(endOf))
    // Parts of a model that maps its weights map theirs, however few.
    const file = await writtenFile(
      part,
      join(folder, `own${own.length}.onnx`),
      candidate.mapped ? 0 : LEAST_MAPPED_COMPARED,
    )
    own.push(ownModel(file, part, tensors, names, modelInputs(integer)))
  }
  return {
    ...{ reference, candidate, own },
    tensors: compared.map((tensor): ComparedTensor => {
      const { name, integers } = tensor
      return { reference: name, candidate: integers, codes: codesOf(tensor), ownOutput: endOf(tensor) }
    }),
  }
}

function codesOf({ scale, bits, offset = 0, told = everything }: WrittenTensor): Codes {
  const [low, high] = rangeOf(bits)
  return { scale, low, high, offset, told }
}

/** Nobody asks for the dims of what comes in at a cut: they are the float tensor's. */
function ownModel(
  file: Awaited<ReturnType<typeof writtenFile>>,
  proto: ModelProto,
  tensors: readonly WrittenTensor[],
  names: ReadonlyMap<string, Ends>,
  inputs: ModelFile['inputs'],
): OwnModel {
  const read = new Set(proto.graph.input.map(({ name }) => name))
  const fed = tensors.flatMap((tensor): FedTensor[] => {
    const { input } = names.get(tensor.integers)!
    const isRead = input !== undefined && read.has(input)
    return isRead ? [{ input, reference: tensor.name, codes: codesOf(tensor) }] : []
  })
  const given = inputs.filter(({ name }) => read.has(name))
  const cut = fed.map(({ input }) => ({ name: input, dataType: DataType.FLOAT, dims: [] }))
  const outputs = proto.graph.output.map(({ name }) => name)
  return { file: { ...file, inputs: [...given, ...cut], outputs }, fed }
}

const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const

interface Ends {
  /** The graph input that readers of the integers read now; undefined where nobody reads them. */
  readonly input: string | undefined
  /** The output under which their writer writes them now. */
  readonly output: string
}

/** The integer model cut at every tensor of integers: what is written goes out under another name, what is read comes in. */
function takenApart(proto: ModelProto, tensors: readonly WrittenTensor[]) {
  const unique = nameSource(proto.graph)
  const index = indexGraph(proto.graph)
  const names = new Map(
    tensors.map(({ integers }): [string, Ends] => {
      const isRead = index.consumers(integers).length > 0
      return [integers, { input: isRead ? unique(`${integers}_given`) : undefined, output: unique(`${integers}_own`) }]
    }),
  )
  const given = (name: string) => names.get(name)?.input ?? name
  const node = proto.graph.node.map((one) => ({
    ...one,
    input: one.input.map(given),
    output: one.output.map((name) => names.get(name)?.output ?? name),
  }))
  // What branches and loops read inside keeps its name.
  const inside = new Set(
    proto.graph.node.flatMap((one) => outerInputs(one).filter((name) => names.has(name) && !one.input.includes(name))),
  )
  const renamed = [...inside].map((name) => makeNode('Identity', [given(name)], [name]))
  const ends = [...names.values()]
  const read = ends.flatMap(({ input }) => (input === undefined ? [] : [makeValueInfo(input, DataType.FLOAT)]))
  const graph = { ...proto.graph, node: [...renamed, ...node], input: [...proto.graph.input, ...read], valueInfo: [] }
  return {
    proto: withOutputs(
      { ...proto, graph },
      ends.map(({ output }) => output),
      'replace',
    ),
    names,
  }
}

/** An output has a name only: the runtime infers its type. */
export function withOutputs(proto: ModelProto, names: readonly string[], how: 'add' | 'replace'): ModelProto {
  const own = how === 'add' ? proto.graph.output : []
  const present = new Set(own.map(({ name }) => name))
  const added = [...new Set(names)].filter((name) => !present.has(name)).map((name) => ({ name }))
  return { ...proto, graph: { ...proto.graph, output: [...own, ...added] } }
}
