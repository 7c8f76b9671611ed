// The integer model: the chip's arithmetic in standard ONNX operators, so that any runtime computes it bit for bit.
// Tensors of the chip are integers held in float32 (a zero may be -0); every node's result is exact.
//
// Operators stay in the plan's order, so the bytes depend on the fixed-point model, the source and the options alone.

import { GraphBuilder } from '../emit/builder.js'
import { nameSource } from '../onnx/graph.js'
import { modelInputs } from '../onnx/model.js'
import type { Model, ModelProto } from '../onnx/types.js'
import type { FixedPointModel } from '../plan/types.js'
import { IntegerWriter } from './integerWriter.js'
import { operatorSummaries } from './scaleJson.js'
import { nameTensors, writtenTensors } from './tensorNames.js'
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
