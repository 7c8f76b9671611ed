// One turn of the loop around the float model: a graph with a switch at each source of noise, of which the turn's own alone is on.

import { GraphBuilder } from '../emit/builder.js'
import { surroundingsIn, upgradeNodes } from '../emit/opset/opset.js'
import { renameTensors } from '../emit/renaming.js'
import { rangeOf } from '../fixedpoint/width.js'
import { makeAttribute } from '../onnx/attribute.js'
import { type GraphIndex, indexGraph, outerInputs, readBy } from '../onnx/graph.js'
import { opsetOf } from '../onnx/model.js'
import { makeGraph, makeNode, makeValueInfo } from '../onnx/node.js'
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../onnx/types.js'
import type { QdqContext, QdqSteps, StepGraph } from '../operators/contexts.js'
import { familyOf } from '../operators/index.js'
import type { FixedOperator } from '../operators/types.js'
import type { FixedPointModel } from '../plan/types.js'
import { type Branch, withRealWeights } from './realWeights.js'
import type { NoiseSource } from './sources.js'

/** Mutable state: the graph so far, and what nodes read in place of a tensor. */
export class Turn {
  readonly #builder: GraphBuilder
  readonly #fixed: FixedPointModel
  readonly #index: GraphIndex
  readonly #upgrade: (nodes: readonly NodeProto[]) => NodeProto[]
  readonly #source: ModelProto
  /** Tensor or operator -> its turn. */
  readonly #turnOfTensor = new Map<string, number>()
  readonly #turnOfWeights = new Map<string, number>()
  readonly #switched = new Map<string, string>()
  readonly #turn: string
  readonly #condition: string

  constructor(
    fixed: FixedPointModel,
    source: ModelProto,
    sources: readonly NoiseSource[],
    unique: (wish: string) => string,
  ) {
    this.#builder = new GraphBuilder(unique)
    this.#fixed = fixed
    this.#source = source
    this.#index = indexGraph(source.graph)
    const surroundings = surroundingsIn(this.#builder, fixed.tensors)
    this.#upgrade = (nodes) => upgradeNodes(nodes, opsetOf(source), surroundings)
    for (const [turn, { kind, name, tensors }] of sources.entries()) {
      if (kind === 'weights') this.#turnOfWeights.set(name, turn)
      else for (const tensor of tensors) this.#turnOfTensor.set(tensor, turn)
    }
    this.#turn = unique('turn')
    this.#condition = unique('condition')
  }

  write(operator: FixedOperator): void {
    const written = new Map(
      operator.outputs
        .filter((name) => this.#turnOfTensor.has(name))
        .map((name) => [name, this.#builder.name(`${name}_float`)] as const),
    )
    const write = (name: string) => written.get(name) ?? name
    const lifted = this.#lifted(operator)
    const read = (name: string) => lifted.get(name) ?? this.#read(name)
    const nodes = this.#upgrade(operator.nodes).map((node) => renameTensors(node, read, write))
    const turn = this.#turnOfWeights.get(operator.name)
    if (turn === undefined) for (const node of nodes) this.#builder.add(node)
    else this.#switchWeights(operator, nodes, turn)
    for (const name of operator.outputs) this.switchTensor(name, write(name))
  }

  /** What readers of a tensor read: `written`, rounded and clipped in the tensor's turn. */
  switchTensor(name: string, written: string): void {
    const turn = this.#turnOfTensor.get(name)
    if (turn === undefined) return
    const { scale, bits } = this.#fixed.quantized.get(name)!
    const branch = new GraphBuilder((wish) => this.#builder.name(wish))
    const e = branch.operator(name)
    const steps = e.emit('Round', [e.emit('Div', [written, e.scalar('float32', scale)])])
    const [low, high] = rangeOf(bits)
    const codes = e.emit('Clip', [steps, e.scalar('float32', low), e.scalar('float32', high)])
    e.emit('Mul', [codes, e.scalar('float32', scale)])
    this.#switched.set(name, this.#if(name, turn, branch, this.#passed(written)))
  }

  /** One turn of the loop. */
  graph(outputs: readonly string[]): GraphProto {
    const goOn = this.#builder.name('go_on')
    const last = outputs.map((name) => {
      const output = this.#builder.name(`${name}_turn`)
      return makeNode('Identity', [this.#read(name)], [output])
    })
    const nodes = [...this.#builder.nodes, makeNode('Identity', [this.#condition], [goOn]), ...last]
    const read = new Set(nodes.flatMap((node) => outerInputs(node)))
    const own = this.#source.graph.initializer.filter(({ name }) => read.has(name))
    return makeGraph({
      name: 'one_turn',
      nodes,
      inputs: [makeValueInfo(this.#turn, DataType.INT64, []), makeValueInfo(this.#condition, DataType.BOOL, [])],
      outputs: [
        makeValueInfo(goOn, DataType.BOOL, []),
        ...last.map(({ output }) => makeValueInfo(output[0]!, DataType.FLOAT)),
      ],
      initializers: [...own, ...this.#builder.initializers],
    })
  }

  /** What the operator reads in place of an input that its form for quantized values changes first, in the input's turn alone. */
  #lifted(operator: FixedOperator): ReadonlyMap<string, string> {
    const lifted = new Map<string, string>()
    for (const name of operator.inputs) {
      const turn = this.#turnOfTensor.get(this.#held(name))
      if (turn === undefined) continue
      const read = this.#read(name)
      const branch = new GraphBuilder((wish) => this.#builder.name(wish))
      const own = familyOf(operator).qdqInput?.(branch.operator(operator.name), read, operator) ?? read
      if (own !== read) lifted.set(name, this.#if(read, turn, branch, this.#passed(read)))
    }
    return lifted
  }

  #passed(name: string): Branch {
    return { nodes: [makeNode('Identity', [name], [this.#builder.name(`${name}_passed`)])], initializers: [] }
  }

  #read(name: string): string {
    const held = this.#held(name)
    return this.#switched.get(held) ?? held
  }

  /** A copy in another width has no tensor of its own in the float graph. */
  #held(name: string): string {
    return this.#fixed.quantized.get(name)?.of ?? name
  }

  #switchWeights(operator: FixedOperator, nodes: readonly NodeProto[], turn: number): void {
    const outputs = nodes.at(-1)!.output.filter((name) => name !== '')
    const branch = new GraphBuilder((wish) => this.#builder.name(wish))
    const own = this.#ownCopy(this.#withQuantizedWeights(branch, operator, nodes))
    const then = {
      nodes: [...branch.nodes, ...own.nodes],
      initializers: [...branch.initializers, ...own.initializers],
    }
    this.#if(outputs[0]!, turn, withRealWeights(then), this.#ownCopy(nodes), outputs)
  }

  #withQuantizedWeights(branch: GraphBuilder, operator: FixedOperator, nodes: readonly NodeProto[]): NodeProto[] {
    const e = branch.operator(operator.name)
    const context: QdqContext = {
      // The float branch reads the constants too: what the other branch makes of them needs names of its own.
      index: { ...this.#index, consumers: () => [] },
      quantized: (name) => this.#fixed.quantized.get(name),
      steps: (operators, graph) => this.#steps(operators, graph),
    }
    return nodes.map((node) => familyOf(operator).qdqNode?.(e, node, operator, context) ?? node)
  }

  /** The steps of an operator with the weights of all of them quantized, and every tensor in float. */
  #steps(operators: readonly FixedOperator[], { tensors, constants }: QdqSteps): StepGraph {
    const names = new Map(
      [...new Set(tensors.map((name) => this.#held(name)))].map((name) => [name, this.#builder.name(`${name}_step`)]),
    )
    const own = (name: string) => names.get(this.#held(name)) ?? name
    const inner = new GraphBuilder((wish) => this.#builder.name(wish))
    for (const operator of operators) {
      const nodes = this.#upgrade(operator.nodes).map((node) => renameTensors(node, own, own))
      for (const node of this.#withQuantizedWeights(inner, operator, nodes)) inner.add(node)
    }
    const initializers = [...readBy(inner.nodes, constants), ...inner.initializers]
    return { ...withRealWeights({ nodes: inner.nodes, initializers }), read: own, written: own }
  }

  /** Nodes whose results and constants have names of their own: the runtime packs constants of a branch as it packs those of a model. */
  #ownCopy(nodes: readonly NodeProto[]): Branch {
    const names = new Map<string, string>()
    const initializers: TensorProto[] = []
    for (const node of nodes) {
      for (const name of node.input) {
        const constant = this.#index.initializer(name)
        if (constant === undefined || names.has(name)) continue
        names.set(name, this.#builder.name(name))
        initializers.push({ ...constant, name: names.get(name)! })
      }
      for (const name of node.output) names.set(name, this.#builder.name(name))
    }
    const own = (name: string) => names.get(name) ?? name
    return { nodes: nodes.map((node) => renameTensors(node, own, own)), initializers }
  }

  /** Adds an If and gives its first output: its outputs are what the last node of either branch writes. */
  #if(
    wish: string,
    turn: number,
    then: Branch,
    otherwise: Branch,
    outputs: readonly string[] = [this.#builder.name(`${wish}_switched`)],
  ): string {
    const e = this.#builder.operator(wish)
    const own = e.initializer('turn', DataType.INT64, [], BigInt64Array.of(BigInt(turn)))
    const isOn = e.emit('Equal', [this.#turn, own])
    const graphOf = ({ nodes, initializers }: Branch) =>
      makeGraph({
        nodes,
        initializers,
        inputs: [],
        outputs: nodes
          .at(-1)!
          .output.filter((name) => name !== '')
          .map((name) => makeValueInfo(name, DataType.FLOAT)),
      })
    const attributes = [makeAttribute('then_branch', graphOf(then)), makeAttribute('else_branch', graphOf(otherwise))]
    this.#builder.add(makeNode('If', [isOn], outputs, attributes, `${wish}/If`))
    return outputs[0]!
  }
}
