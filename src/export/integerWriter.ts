// The graph of the integer model while it is written, operator by operator: what families ask of it (EmitContext), and its outputs.

import { type Integers, integers } from '../emit/arithmetic.js'
import { emitDequantize, emitQuantize } from '../emit/boundary.js'
import { type Emitter, GraphBuilder } from '../emit/builder.js'
import { EMITTED_OPSET, surroundingsIn, upgradeNodes } from '../emit/opset/opset.js'
import type { Surroundings } from '../emit/opset/upgrades.js'
import { renameTensors } from '../emit/renaming.js'
import { arithmeticOf } from '../fixedpoint/chip.js'
import type { Arithmetic, QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import { readBy } from '../onnx/graph.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { makeValueInfo } from '../onnx/node.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto, type ValueInfoProto } from '../onnx/types.js'
import type { EmitContext, StepGraph } from '../operators/contexts.js'
import { familyOf } from '../operators/index.js'
import { recordRanges } from '../operators/recordRanges.js'
import type { FixedOperator, IntegerRange } from '../operators/types.js'
import type { FixedPointModel } from '../plan/types.js'
import type { TensorNames } from './tensorNames.js'

/** Mutable state of one export: the graph so far, and which tensors have been dequantized. */
export class IntegerWriter implements EmitContext {
  readonly opset: number
  readonly builder: GraphBuilder
  readonly #fixed: FixedPointModel
  readonly #source: ModelProto
  readonly #names: ReadonlyMap<string, TensorNames>
  readonly #dequantized = new Set<string>()
  readonly #written: string[] = []
  readonly #ranges: Map<string, IntegerRange>
  readonly #surroundings: Surroundings
  readonly #allLayers: boolean

  constructor(
    builder: GraphBuilder,
    fixed: FixedPointModel,
    source: ModelProto,
    names: ReadonlyMap<string, TensorNames>,
    allLayers: boolean,
  ) {
    this.builder = builder
    this.opset = Math.max(EMITTED_OPSET, opsetOf(source))
    this.#fixed = fixed
    this.#source = source
    this.#names = names
    this.#surroundings = surroundingsIn(builder, fixed.tensors)
    this.#allLayers = allLayers
    this.#ranges = new Map([...fixed.quantized.values()].map(({ name, bits }) => [name, rangeOf(bits)]))
  }

  /** Quantizes a graph input that the chip reads. */
  quantizeInput(name: string): void {
    if (this.#fixed.quantized.has(name)) this.quantize(this.builder.operator(name), name)
  }

  write(operator: FixedOperator): void {
    const e = this.builder.operator(operator.name)
    const results = familyOf(operator).emit(e, operator, this)
    recordRanges(operator, this.#fixed.quantized, this.#ranges)
    for (const [index, name] of operator.outputs.entries()) {
      const integers = this.#names.get(name)?.integers ?? name
      if (results[index] !== integers) this.builder.rename(results[index]!, integers)
      if (this.#fixed.quantized.has(name)) this.#written.push(name)
    }
  }

  /** The source's outputs, and with `allLayers` the integers of every operator that are not among them. */
  outputs(): ValueInfoProto[] {
    const own = this.#source.graph.output.map((output) => this.#output(output))
    if (!this.#allLayers) return own
    const present = new Set(own.map(({ name }) => name))
    const layers = this.#written.filter((name) => !present.has(this.#namesOf(name).integers))
    return [...own, ...layers.map((name) => this.#layer(name))]
  }

  #output(output: ValueInfoProto): ValueInfoProto {
    const names = this.#names.get(output.name)
    if (names?.dequantized === output.name) this.real(output.name)
    const type = output.type?.tensorType
    return names === undefined || type === undefined
      ? output
      : { ...output, type: { tensorType: { ...type, elemType: DataType.FLOAT } } }
  }

  /** As an output, of the plan's dims where the model's inputs are all static and of its rank where they are not. */
  #layer(name: string): ValueInfoProto {
    const isStatic = modelInputs(this.#source).every(({ dims }) => dims.every((dim) => typeof dim === 'number'))
    const dims = this.#fixed.tensors.get(this.#held(name).of ?? name)?.dims
    return makeValueInfo(this.#namesOf(name).integers, DataType.FLOAT, isStatic ? dims : dims?.map(() => ''))
  }

  source(name: string): string {
    return this.#names.get(name)?.source ?? name
  }

  copy(nodes: readonly NodeProto[], read: (name: string) => string, write: (name: string) => string): void {
    for (const node of upgradeNodes(nodes, opsetOf(this.#source), this.#surroundings)) {
      this.builder.add(renameTensors(node, read, write))
    }
  }

  quantize(e: Emitter, name: string): void {
    const { source, integers } = this.#namesOf(name)
    emitQuantize(e, source, this.#held(name), integers)
  }

  /** The name under which float nodes read a tensor: what the chip holds is dequantized at its first reader. */
  real(name: string): string {
    const quantized = this.#fixed.quantized.get(name)
    if (quantized === undefined) return name
    const { integers, dequantized } = this.#namesOf(name)
    if (!this.#dequantized.has(name)) {
      this.#dequantized.add(name)
      emitDequantize(this.builder.operator(name), integers, quantized, dequantized)
    }
    return dequantized
  }

  integers(name: string): Integers {
    return integers(this.#namesOf(name).integers, this.#held(name).bits)
  }

  range(name: string): IntegerRange {
    return this.#ranges.get(name) ?? notQuantized(name)
  }

  /** Steps of a Scan: their tensors are elements of the main graph's, under names of their own. */
  steps(operators: readonly FixedOperator[], tensors: readonly string[], constants: readonly TensorProto[]): StepGraph {
    const builder = new GraphBuilder((wish) => this.builder.name(wish))
    const names = new Map(
      [...new Set(tensors)].map((name) => {
        const step = builder.name(`${this.#namesOf(name).integers}_step`)
        return [name, { integers: step, source: step, dequantized: step }] as const
      }),
    )
    const writer = new IntegerWriter(builder, this.#fixed, this.#source, names, false)
    for (const operator of operators) writer.write(operator)
    const nameOf = (tensor: string) => names.get(tensor)!.integers
    const { nodes } = builder
    return {
      nodes,
      initializers: [...readBy(nodes, constants), ...builder.initializers],
      read: nameOf,
      written: nameOf,
    }
  }

  exposes(sequence: string): boolean {
    if (this.#allLayers) this.#written.push(sequence)
    return this.#allLayers
  }

  #namesOf(name: string): TensorNames {
    return this.#names.get(name) ?? notQuantized(name)
  }

  arithmetic(name: string): Arithmetic {
    return arithmeticOf(this.#fixed.chip, this.#held(name).bits)
  }

  quantized(name: string): QuantizedTensor | undefined {
    return this.#fixed.quantized.get(name)
  }

  #held(name: string): QuantizedTensor {
    return this.#fixed.quantized.get(name) ?? notQuantized(name)
  }
}

function notQuantized(name: string): never {
  throw new Error(`The tensor "${name}" is not held as integers.`)
}
