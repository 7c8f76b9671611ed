// -du: what every operator writes in the first forward pass, in the float model and in the integer model, as .npy files in folders like
// `0001:Conv_conv1`. Integers are those of the chip: a real value is an integer times the tensor's scale, which the scale JSON has.

import type { Prepared } from '../../calibrate/prepare.js'
import { writtenTensors } from '../../export/tensorNames.js'
import { npyFile } from '../../files/npy.js'
import { openModel } from '../../onnx/runtime/openModel.js'
import type { ModelProto, TensorValue } from '../../onnx/types.js'
import type { PlannedOperator } from '../../operators/types.js'
import type { FixedPointModel } from '../../plan/types.js'

export async function dumpFloat({ model, plan, feeds }: Prepared): Promise<Map<string, Uint8Array>> {
  const names = plan.operators.flatMap(({ outputs }) => outputs)
  const { graph } = model.proto
  const present = new Set(graph.output.map(({ name }) => name))
  const output = [...graph.output, ...names.filter((name) => !present.has(name)).map((name) => ({ name }))]
  const values = await run({ ...model.proto, graph: { ...graph, output } }, feeds, names)
  return filesOf('float', plan.operators, (name) => values[name])
}

/** @param allLayers the integer model with every operator's integers as an output */
export async function dumpQuantized(
  { staticModel, plan, feeds }: Prepared,
  fixed: FixedPointModel,
  allLayers: ModelProto,
): Promise<Map<string, Uint8Array>> {
  const written = writtenTensors(fixed, staticModel.proto, { outputDequant: false })
  const outputs = new Set(allLayers.graph.output.map(({ name }) => name))
  const held = new Map(written.filter(({ integers }) => outputs.has(integers)).map((tensor) => [tensor.name, tensor]))
  const values = await run(
    allLayers,
    feeds,
    [...held.values()].map(({ integers }) => integers),
  )
  return filesOf('quant', plan.operators, (name) => {
    const tensor = held.get(name)
    return tensor === undefined ? undefined : asIntegers(values[tensor.integers]!, tensor.bits)
  })
}

async function run(proto: ModelProto, feeds: Prepared['feeds'], names: readonly string[]) {
  const session = await openModel(proto)
  try {
    const known = new Set(session.outputs.map(({ name }) => name))
    return await session.run(
      feeds,
      names.filter((name) => known.has(name)),
    )
  } finally {
    await session.release()
  }
}

/** The integer model holds integers in float32. */
function asIntegers({ dims, data }: TensorValue, bits: number): TensorValue {
  const values = Array.from(data, Number)
  return bits <= 8
    ? { type: 'int8', dims, data: Int8Array.from(values) }
    : { type: 'int16', dims, data: Int16Array.from(values) }
}

function filesOf(
  folder: 'float' | 'quant',
  operators: readonly PlannedOperator[],
  valueAt: (tensor: string) => TensorValue | undefined,
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const [at, { name, nodes, outputs }] of operators.entries()) {
    const type = nodes[0]?.opType ?? 'Requantize'
    const display = (name.startsWith(type) ? name : `${type}_${name}`).replaceAll(/[/\\\0]/g, '_')
    for (const [i, output] of outputs.entries()) {
      const value = valueAt(output)
      if (value === undefined) continue
      const file = i === 0 ? 'batch_0.npy' : `batch_0_output_${i}.npy`
      files.set(`dump/${folder}/${String(at + 1).padStart(4, '0')}:${display}/${file}`, npyFile(value))
    }
  }
  return files
}
