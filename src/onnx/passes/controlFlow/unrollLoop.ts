// A Loop whose number of steps follows from constants becomes its steps, one behind another. Exporters write one for a loop of the framework's code:
// torch with the number, TensorFlow with counters that end it. The steps are operators of the chip then, as all others are.

import { makeAttribute, subgraphs } from '../../attribute.js'
import { indexGraph } from '../../graph.js'
import { opsetOf } from '../../model.js'
import { makeNode } from '../../node.js'
import { isStandardDomain } from '../../operators.js'
import { makeTensor } from '../../tensor.js'
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../../types.js'
import { expandNodes, type Pass } from '../pass.js'
import { inlined } from './inline.js'
import { constantSteps } from './loopSteps.js'

/** A Loop that would make more nodes stays. */
const MOST_NODES = 4096

export const unrollLoop: Pass = {
  title: 'Loop nodes of a constant number of steps made these steps',
  async apply(proto: ModelProto) {
    const loops = await constantLoops(proto)
    return expandNodes(proto, (node, { unique }) => {
      const loop = loops.get(node)
      if (loop === undefined) return undefined
      const steps = new Steps(opsetOf(proto), unique)
      steps.write(node, loop)
      return steps
    })
  },
}

interface ConstantLoop {
  readonly body: GraphProto
  readonly count: number
}

/** Without those that data end, that have no step, or that would make too many nodes. */
async function constantLoops(proto: ModelProto): Promise<ReadonlyMap<NodeProto, ConstantLoop>> {
  const found = new Map<NodeProto, ConstantLoop>()
  const index = indexGraph(proto.graph)
  for (const node of proto.graph.node) {
    const [body] = subgraphs(node)
    if (node.opType !== 'Loop' || !isStandardDomain(node.domain) || body === undefined) continue
    const most = Math.floor(MOST_NODES / Math.max(body.node.length, 1))
    const count = await constantSteps(proto, node, index, most)
    if (count !== undefined && count > 0 && count <= most) found.set(node, { body, count })
  }
  return found
}

class Steps {
  readonly nodes: NodeProto[] = []
  readonly tensors: TensorProto[] = []
  readonly #opset: number
  readonly #unique: (wish: string) => string

  constructor(opset: number, unique: (wish: string) => string) {
    this.#opset = opset
    this.#unique = unique
  }

  write(node: NodeProto, { body, count }: ConstantLoop): void {
    const [, , ...initial] = node.input
    const [at = '', goesOn = '', ...before] = body.input.map(({ name }) => name)
    const [, ...after] = body.output.map(({ name }) => name)
    const always = this.#constant(`${node.name}_goes_on`, DataType.BOOL, Uint8Array.of(1), [])
    const elements: string[][] = after.slice(initial.length).map(() => [])
    // All steps share the constants.
    const constants = inlined({ ...body, node: [] }, new Map(), this.#unique)
    this.tensors.push(...constants.tensors)
    const shared = body.initializer.map(({ name }) => [name, constants.nameOf(name)] as const)
    let states: readonly string[] = initial
    for (let step = 0; step < count; step++) {
      const number = this.#constant(`${node.name}_step`, DataType.INT64, BigInt64Array.of(BigInt(step)), [])
      const given = new Map([...shared, [at, number] as const, [goesOn, always] as const])
      for (const [i, name] of before.entries()) given.set(name, states[i]!)
      const { nodes, nameOf } = inlined(body, given, this.#unique)
      this.nodes.push(...nodes)
      states = after.slice(0, initial.length).map(nameOf)
      for (const [i, name] of after.slice(initial.length).entries()) elements[i]!.push(nameOf(name))
    }
    for (const [i, output] of node.output.entries()) {
      if (output === '') continue
      const state = states[i]
      if (state === undefined) this.#stack(elements[i - states.length]!, output)
      else this.nodes.push(makeNode('Identity', [state], [output]))
    }
  }

  /** Elements of all steps along a new first axis. */
  #stack(elements: readonly string[], output: string): void {
    const rows = elements.map((element) => {
      const row = this.#unique(`${element}_row`)
      const axes = this.#opset >= 13 ? [this.#constant(`${row}_axes`, DataType.INT64, BigInt64Array.of(0n), [1])] : []
      const attributes = this.#opset >= 13 ? [] : [makeAttribute('axes', [0])]
      this.nodes.push(makeNode('Unsqueeze', [element, ...axes], [row], attributes))
      return row
    })
    this.nodes.push(makeNode('Concat', rows, [output], [makeAttribute('axis', 0)]))
  }

  #constant(wish: string, type: number, data: BigInt64Array | Uint8Array, dims: readonly number[]): string {
    const tensor = makeTensor(this.#unique(wish), type, dims, data)
    this.tensors.push(tensor)
    return tensor.name
  }
}
