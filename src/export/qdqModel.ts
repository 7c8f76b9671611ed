// The float model with QuantizeLinear/DequantizeLinear around every tensor of 8-bit integers and behind every int8 weight: the same
// scales as on the chip, for runtimes and compilers that quantize by themselves. It is close to the integer model, not equal:
// such runtimes round halves to even and do not know the chip's shifts. Wider tensors stay float: int16 QuantizeLinear needs opset 21.

import { GraphBuilder } from '../emit/builder.js'
import { surroundingsIn, upgradeNodes } from '../emit/opset/opset.js'
import { renameTensors } from '../emit/renaming.js'
import { indexGraph, nameSource, readBy } from '../onnx/graph.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import type { Model, ModelProto, NodeProto } from '../onnx/types.js'
import type { QdqContext } from '../operators/contexts.js'
import { familyOf } from '../operators/index.js'
import type { FixedOperator } from '../operators/types.js'
import type { FixedPointModel } from '../plan/types.js'
import { carriedIn } from './carriedIntegers.js'
import { type Provenance, writtenModel } from './writtenModel.js'

const QDQ_BITS = 8

/**
 * @param source the model that the plan was made from; raised to opset 13, which has scales per channel
 * @throws SquireError UNSUPPORTED for a source below opset 13 with operators that cannot be converted
 */
export function qdqModel(fixed: FixedPointModel, source: Model, provenance: Provenance = {}): ModelProto {
  const { proto } = source
  const outputs = new Set(proto.graph.output.map(({ name }) => name))
  const writer = new QdqWriter(new GraphBuilder(nameSource(proto.graph)), fixed, proto, {
    isOutput: (name) => outputs.has(name),
    local: (name) => name,
  })
  for (const { name } of modelInputs(proto)) writer.roundTrip(name, name)
  for (const operator of fixed.operators) writer.write(operator)
  return writtenModel(
    proto,
    writer.builder,
    proto.graph.output,
    { chip: fixed.chip.name, ...carriedIn(fixed) },
    provenance,
  )
}

/** Mutable state of one export: the graph so far, and what float nodes read in place of a tensor. */
class QdqWriter {
  readonly builder: GraphBuilder
  readonly #fixed: FixedPointModel
  readonly #context: QdqContext
  readonly #upgrade: (nodes: readonly NodeProto[]) => NodeProto[]
  readonly #dequantized = new Map<string, string>()

  readonly #isOutput: (name: string) => boolean
  /** What a tensor is called here. */
  readonly #local: (name: string) => string

  constructor(
    builder: GraphBuilder,
    fixed: FixedPointModel,
    source: ModelProto,
    { isOutput, local }: { isOutput: (name: string) => boolean; local: (name: string) => string },
  ) {
    this.builder = builder
    this.#fixed = fixed
    this.#isOutput = isOutput
    this.#local = local
    this.#context = {
      index: indexGraph(source.graph),
      quantized: (name) => fixed.quantized.get(name),
      steps: (operators, { elements, outputs, constants }) => {
        const inner = new GraphBuilder((wish) => builder.name(wish))
        // Names of the source's steps are free, as these stand in their place. Under the same names the same model is made of it again.
        const own = (name: string) => elements.get(name) ?? name
        const writer = new QdqWriter(inner, fixed, source, { isOutput: (name) => outputs.has(name), local: own })
        for (const operator of operators) writer.write(operator)
        const initializers = [...readBy(inner.nodes, constants), ...inner.initializers]
        return {
          nodes: inner.nodes,
          initializers,
          read: own,
          written: (name) => writer.#dequantized.get(name) ?? own(name),
        }
      },
    }
    const surroundings = surroundingsIn(this.builder, fixed.tensors)
    this.#upgrade = (nodes) => upgradeNodes(nodes, opsetOf(source), surroundings)
  }

  write(operator: FixedOperator): void {
    const { outputs } = operator
    // The graph's output is what comes back from the round trip; the node writes under another name.
    const written = new Map(
      outputs
        .filter((name) => this.#isHeld(name) && this.#isOutput(name))
        .map((name) => [name, this.builder.name(`${name}_float`)] as const),
    )
    const write = (name: string) => written.get(name) ?? this.#local(name)
    const narrowed = new Map(operator.inputs.map((name) => [this.#fixed.quantized.get(name)?.of, name] as const))
    const held = (name: string) => this.#dequantized.get(narrowed.get(name) ?? name) ?? this.#local(name)
    const family = familyOf(operator)
    const e = this.builder.operator(operator.name)
    const lifted = new Map(
      operator.inputs.map((name) => [name, family.qdqInput?.(e, held(name), operator) ?? held(name)] as const),
    )
    const read = (name: string) => written.get(name) ?? lifted.get(name) ?? held(name)
    // Steps are raised one by one.
    for (const node of operator.steps ? operator.nodes : this.#upgrade(operator.nodes)) {
      const copy = renameTensors(node, read, write)
      this.builder.add(family.qdqNode?.(e, copy, operator, this.#context) ?? copy)
    }
    for (const name of outputs) this.roundTrip(name, write(this.#fixed.quantized.get(name)?.of ?? name))
  }

  /** Quantizes a tensor of 8-bit integers, written as `written`, and dequantizes it for its readers. */
  roundTrip(name: string, written: string): void {
    const tensor = this.#fixed.quantized.get(name)
    if (tensor === undefined || !this.#isHeld(name)) return
    const e = this.builder.operator(name)
    const parameters = [e.scalar('float32', tensor.scale), this.builder.zeroPoint()]
    const integers = e.emit('QuantizeLinear', [written, ...parameters])
    const own = this.#local(name)
    const output = this.#isOutput(name) && written !== own ? own : undefined
    this.#dequantized.set(name, e.emit('DequantizeLinear', [integers, ...parameters], [], output))
  }

  #isHeld(name: string): boolean {
    return this.#fixed.quantized.get(name)?.bits === QDQ_BITS
  }
}
