// How many steps a Loop takes, where nothing but constants and counters decides it: frameworks write their while loops so. The nodes that decide it
// are run alone, as a Loop that shows the numbers of its steps.

import { subgraphs } from '../../attribute.js'
import { type GraphIndex, indexGraph, nameSource } from '../../graph.js'
import { makeGraph, makeNode } from '../../node.js'
import { isRandom, isStandardDomain } from '../../operators.js'
import { openModel } from '../../runtime/openModel.js'
import { makeTensor, tensorData } from '../../tensor.js'
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'

/** What decides whether a Loop goes on. */
interface Deciding {
  readonly nodes: readonly NodeProto[]
  /** Of the tensors that it hands from step to step, the numbers of those which take part. */
  readonly states: readonly number[]
  /** Constants around the Loop that its body reads. */
  readonly captured: readonly TensorProto[]
}

/**
 * The number of steps; undefined where values that are no constants decide it.
 * @param most a Loop that takes more gives more than this, whatever it takes
 */
export async function constantSteps(
  proto: ModelProto,
  node: NodeProto,
  index: GraphIndex,
  most: number,
): Promise<number | undefined> {
  const [body] = subgraphs(node)
  const [trips = '', condition = '', ...initial] = node.input
  if (body === undefined || ![trips, condition].every((name) => name === '' || index.initializer(name)))
    return undefined
  const deciding = whatDecides(body, initial, index)
  if (deciding === undefined) return undefined
  const limit = trips === '' ? most + 1 : Math.min(Number(tensorData(index.initializer(trips)!)[0]), most + 1)
  const session = await openModel(counting(proto, node, body, deciding, limit, index))
  try {
    const [name] = session.outputs.map((output) => output.name)
    return (await session.run({}, [name!]))[name!]!.dims[0]
  } finally {
    await session.release()
  }
}

/** undefined where any of it depends on more than constants and the number of the step. */
function whatDecides(body: GraphProto, initial: readonly string[], index: GraphIndex): Deciding | undefined {
  const inside = indexGraph(body)
  const inputs = body.input.map(({ name }) => name)
  const wanted = new Set([body.output[0]!.name])
  const nodes = new Set<NodeProto>()
  const states = new Set<number>()
  const captured = new Set<TensorProto>()
  for (const name of wanted) {
    const state = inputs.indexOf(name) - 2
    const producer = inside.producer(name)
    if (producer !== undefined) {
      if (subgraphs(producer).length > 0 || isRandom(producer) || !isStandardDomain(producer.domain)) return undefined
      nodes.add(producer)
      for (const input of inside.outerInputs(producer)) wanted.add(input)
    } else if (state >= 0) {
      if (!index.initializer(initial[state] ?? '')) return undefined
      states.add(state)
      wanted.add(body.output[1 + state]!.name)
    } else if (state < -2 && inside.initializer(name) === undefined) {
      const constant = index.initializer(name)
      if (constant === undefined) return undefined
      captured.add(constant)
    }
  }
  return {
    nodes: body.node.filter((one) => nodes.has(one)),
    states: [...states].sort((a, b) => a - b),
    captured: [...captured],
  }
}

/** A model without inputs that gives the numbers of the steps. */
function counting(
  proto: ModelProto,
  node: NodeProto,
  body: GraphProto,
  { nodes, states, captured }: Deciding,
  limit: number,
  index: GraphIndex,
): ModelProto {
  const [, condition = '', ...initial] = node.input
  const [at, goesOn, ...before] = body.input
  const [decision, ...after] = body.output
  const unique = nameSource(proto.graph)
  const [trips, number, numbers] = [unique('most_steps'), unique('number'), unique('numbers')]
  const read = new Set(nodes.flatMap(({ input }) => input))
  const step = makeGraph({
    nodes: [...nodes, makeNode('Identity', [at!.name], [number])],
    inputs: [at!, goesOn!, ...states.map((state) => before[state]!)],
    outputs: [decision!, ...states.map((state) => after[state]!), { name: number }],
    initializers: body.initializer.filter(({ name }) => read.has(name)),
  })
  const last = states.map((state) => unique(`last_${state}`))
  const given = [condition, ...states.map((state) => initial[state]!)]
  const attribute = node.attribute.map((one) => (one.name === 'body' ? { ...one, g: step } : one))
  const loop = { ...node, attribute, input: [trips, ...given], output: [...last, numbers] }
  const constants = given.flatMap((name) => index.initializer(name) ?? [])
  const graph = makeGraph({
    nodes: [loop],
    inputs: [],
    outputs: [{ name: numbers }],
    initializers: [
      ...new Set([...constants, ...captured]),
      makeTensor(trips, DataType.INT64, [], BigInt64Array.of(BigInt(limit))),
    ],
  })
  return { irVersion: proto.irVersion, opsetImport: proto.opsetImport, graph }
}
