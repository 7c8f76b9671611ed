// The float model in a Loop that quantizes one thing at a time: the tensors of a scale group, or the weights of an operator. Each turn of the
// loop has one switch on; what it quantizes is rounded and clipped as in the QDQ model, and all else stays float. A switch is an If node, so
// that what is off costs nothing.

import { GraphBuilder } from '../emit/builder.js'
import { EMITTED_OPSET, surroundingsIn, upgradeNodes } from '../emit/opset.js'
import { renameTensors } from '../emit/renaming.js'
import { rangeOf } from '../fixedpoint/width.js'
import { makeAttribute } from '../onnx/attribute.js'
import { type GraphIndex, indexGraph, nameSource, outerInputs, readBy } from '../onnx/graph.js'
import { toNumber } from '../onnx/int64.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { makeGraph, makeNode, makeValueInfo } from '../onnx/node.js'
import { isStandardDomain } from '../onnx/operators.js'
import { makeTensor } from '../onnx/tensor.js'
import { DataType, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from '../onnx/types.js'
import { familyOf } from '../operators/index.js'
import type { FixedOperator, QdqContext, StepGraph } from '../operators/types.js'
import type { FixedPointModel } from '../plan/types.js'
import { type Branch, withRealWeights } from './realWeights.js'
import type { NoiseSource } from './sources.js'

/** Opset 13 goes with this version of the intermediate representation. */
const LEAST_IR_VERSION = 7

export interface SwitchedModel {
  readonly proto: ModelProto
  /** Of each source, in their order: output of the float model -> the output that holds it with this source alone quantized. */
  readonly outputs: readonly ReadonlyMap<string, string>[]
}

/**
 * @param source the model that was quantized; raised to opset 13
 * @param outputs of the float model, tensors of float32
 * @throws SquireError UNSUPPORTED for a source below opset 13 with operators that cannot be converted
 */
export function switchedModel(
  fixed: FixedPointModel,
  source: ModelProto,
  sources: readonly NoiseSource[],
  outputs: readonly string[],
): SwitchedModel {
  const unique = nameSource(source.graph)
  const body = new Body(fixed, source, sources, unique)
  const inputs = modelInputs(source)
  for (const { name } of inputs) body.switchTensor(name, name)
  for (const operator of fixed.operators) body.write(operator)
  return around(source, body.graph(outputs), sources.length, outputs, unique)
}

/** Mutable state: the body of the loop so far, and what nodes read in place of a tensor. */
class Body {
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
    const nodes = this.#upgrade(operator.nodes).map((node) => renameTensors(node, (name) => this.#read(name), write))
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
    const passed = makeNode('Identity', [written], [this.#builder.name(`${name}_passed`)])
    this.#switched.set(name, this.#if(name, turn, branch, { nodes: [passed], initializers: [] }))
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

  #read(name: string): string {
    const held = this.#fixed.quantized.get(name)?.of ?? name
    return this.#switched.get(held) ?? held
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
      steps: (operators, tensors, constants) => this.#steps(operators, tensors, constants),
    }
    return nodes.map((node) => familyOf(operator).qdqNode?.(e, node, operator, context) ?? node)
  }

  /** The steps of an operator with the weights of all of them quantized, and every tensor in float. */
  #steps(
    operators: readonly FixedOperator[],
    tensors: readonly string[],
    constants: readonly TensorProto[],
  ): StepGraph {
    const held = (name: string) => this.#fixed.quantized.get(name)?.of ?? name
    const names = new Map([...new Set(tensors.map(held))].map((name) => [name, this.#builder.name(`${name}_step`)]))
    const own = (name: string) => names.get(held(name)) ?? name
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
