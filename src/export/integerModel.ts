// The integer model: the chip's arithmetic in standard ONNX operators, so that any runtime computes it bit for bit.
// Tensors of the chip are integers held in float32 (a zero may be -0); every node's result is exact.
//
// Operators stay in the plan's order, so the bytes depend on the fixed-point model, the source and the options alone.

import { type Integers, integers } from '../emit/arithmetic.js'
import { emitDequantize, emitQuantize } from '../emit/boundary.js'
import { type Emitter, GraphBuilder } from '../emit/builder.js'
import { EMITTED_OPSET, surroundingsIn, upgradeNodes } from '../emit/opset.js'
import { renameTensors } from '../emit/renaming.js'
import type { Surroundings } from '../emit/upgrades.js'
import { arithmeticOf } from '../fixedpoint/chip.js'
import type { Arithmetic, QuantizedTensor } from '../fixedpoint/types.js'
import { rangeOf } from '../fixedpoint/width.js'
import { nameSource, readBy } from '../onnx/graph.js'
import { modelInputs, opsetOf } from '../onnx/model.js'
import { makeValueInfo } from '../onnx/node.js'
import {
  DataType,
  type Model,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx/types.js'
import { familyOf } from '../operators/index.js'
import { recordRanges } from '../operators/recordRanges.js'
import type { EmitContext, FixedOperator, IntegerRange, StepGraph } from '../operators/types.js'
import type { FixedPointModel } from '../plan/types.js'
import { operatorSummaries } from './scaleJson.js'
import { nameTensors, type TensorNames } from './tensorNames.js'
import { type Provenance, writtenModel } from './writtenModel.js'

export interface IntegerModelOptions extends Provenance {
  /** Outputs are real values; without it they are the chip's integers, float-typed. Outputs of software operators are real in any case. */
  readonly outputDequant: boolean
  /** Every tensor of integers that an operator writes is an output as well, in operator order behind the model's own. */
  readonly allLayers: boolean
}

/**
 * @param source the model that the plan was made from: its inputs and outputs keep their names and dims, and what runs in software its nodes
 * @throws SquireError UNSUPPORTED for a source below opset 13 with operators that cannot be converted, and for sums too long to be exact
 */
export function integerModel(fixed: FixedPointModel, source: Model, options: IntegerModelOptions): ModelProto {
  const unique = nameSource(source.proto.graph)
  const builder = new GraphBuilder(unique)
  const names = nameTensors(fixed, source.proto.graph, options.outputDequant, unique)
  const writer = new IntegerWriter(builder, fixed, source.proto, names, options.allLayers)
  for (const { name } of modelInputs(source.proto)) writer.quantizeInput(name)
  for (const operator of fixed.operators) writer.write(operator)
  const outputs = writer.outputs()
  return writtenModel(
    source.proto,
    writer.builder,
    outputs,
    { ...scalesOf(fixed, source.proto), chip: fixed.chip.name, ...descriptionOf(fixed, source.proto, options) },
    options,
  )
}

/** What an integer output is to be multiplied by. */
function scalesOf(fixed: FixedPointModel, source: ModelProto): Record<string, string> {
  const scales = source.graph.output.flatMap(({ name }) => {
    const quantized = fixed.quantized.get(name)
    return quantized === undefined ? [] : [[`output_scale:${name}`, String(quantized.scale)] as const]
  })
  return Object.fromEntries(scales)
}

/** A tensor of the float model that the written model holds as integers, under a name that may be another. */
export interface WrittenTensor extends QuantizedTensor {
  readonly integers: string
}

type Naming = Pick<IntegerModelOptions, 'outputDequant'>

/** What the written model calls the integers of each tensor of its main graph. */
export function writtenTensors(fixed: FixedPointModel, proto: ModelProto, options: Naming): WrittenTensor[] {
  // Steps have tensors that the main graph has not.
  const held = new Set(fixed.operators.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
  return namedTensors(fixed, proto, options).filter(({ name }) => held.has(name))
}

/** The same for all tensors: sequences of what steps write are in a model that shows all layers. */
export function namedTensors(fixed: FixedPointModel, { graph }: ModelProto, options: Naming): WrittenTensor[] {
  const names = nameTensors(fixed, graph, options.outputDequant, nameSource(graph))
  return [...fixed.quantized.values()].map((tensor) => ({ ...tensor, integers: names.get(tensor.name)!.integers }))
}

/** For tools that are given the model alone: `squire info` and `squire compare`. */
function descriptionOf(fixed: FixedPointModel, source: ModelProto, options: IntegerModelOptions) {
  const tensors = writtenTensors(fixed, source, options).map(({ integers, ...tensor }) =>
    integers === tensor.name ? tensor : { ...tensor, integers },
  )
  return {
    tensors: JSON.stringify(tensors),
    operators: JSON.stringify(operatorSummaries(fixed)),
  }
}

/** Mutable state of one export: the graph so far, and which tensors have been dequantized. */
class IntegerWriter implements EmitContext {
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
