// What a model file says of itself.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SquireError } from '../errors.js'
import { describedBy } from '../export/description.js'
import { fileHash } from '../files/fileHash.js'
import { dataTypeName, elementTypeOf } from '../onnx/elements/datatype.js'
import { toNumber } from '../onnx/elements/int64.js'
import { opsetOf, readModel } from '../onnx/model.js'
import type { ValueInfoProto } from '../onnx/types.js'
import type { ModelFacts } from '../report/text/modelFacts.js'

/** @param given a model, or the folder of a run with one quantization, whose integer model is looked at */
export async function modelFacts(given: string): Promise<ModelFacts> {
  const path = await modelAt(given)
  const { proto } = await readModel(path)
  const described = describedBy(proto)
  const weights = proto.graph.initializer.reduce(
    (sum, { dims }) => sum + dims.reduce<number>((product, dim) => product * Number(dim), 1),
    0,
  )
  const initializers = new Set(proto.graph.initializer.map(({ name }) => name))
  const counts = new Map<string, number>()
  for (const { opType } of proto.graph.node) counts.set(opType, (counts.get(opType) ?? 0) + 1)
  return {
    file: path,
    bytes: (await stat(path)).size,
    sha256: await fileHash(path),
    producer: [proto.producerName, proto.producerVersion].filter(Boolean).join(' ') || null,
    opset: opsetOf(proto),
    weights,
    inputs: proto.graph.input.filter(({ name }) => !initializers.has(name)).map(describe),
    outputs: proto.graph.output.map((output) => ({
      ...describe(output),
      scale: described?.outputScales.get(output.name) ?? null,
    })),
    nodes: Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))),
    quantization:
      described === undefined
        ? null
        : {
            squire: described.squire ?? null,
            chip: described.chip ?? null,
            mode: described.mode ?? null,
            options: described.options,
            tensors: described.tensors.map(({ name, scale, bits, offset = 0 }) => ({ name, scale, bits, offset })),
            operators: described.operators,
          },
  }
}

/** @throws SquireError MODEL for a folder with no integer model, or with several */
async function modelAt(given: string): Promise<string> {
  const entry = await stat(given).catch(() => undefined)
  if (!entry?.isDirectory()) return given
  const inside = await readdir(given, { withFileTypes: true })
  // A run of several modes or models has a folder for each. What steps/ holds is on the way to the model, not the model.
  const own = inside.filter((one) => one.isDirectory() && one.name !== 'steps')
  const folders = [given, ...own.map(({ name }) => join(given, name))]
  const models = (await Promise.all(folders.map(integerModels))).flat().sort()
  if (models.length === 1) return models[0]!
  const problem =
    models.length === 0
      ? 'holds no *_quantize.onnx: give a model, or the folder that squire quant wrote'
      : `holds ${models.length} quantized models: give one, as ${models[0]}`
  throw new SquireError('MODEL', `the folder ${given} ${problem}`)
}

async function integerModels(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter((name) => name.endsWith('_quantize.onnx')).map((name) => join(folder, name))
}

function describe({ name, type }: ValueInfoProto) {
  const tensor = type?.tensorType
  const dims = tensor?.shape?.dim.map(({ dimValue, dimParam }) => {
    const value = dimValue === undefined ? -1 : toNumber(dimValue)
    return value < 0 ? (dimParam ?? '') : value
  })
  return { name, type: tensor === undefined ? null : typeName(tensor.elemType), dims: dims ?? null }
}

/** `float32`; what the runtime's interface has no name for is called as ONNX does. */
function typeName(dataType: number): string {
  return elementTypeOf(dataType) ?? dataTypeName(dataType)
}
