// What squire would run in integers of every model of a folder, without any data: `node dist/scripts/models/plans.js FOLDER` writes plans.json there.
// Dynamic dims are taken as 1.

import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../../src/errors.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { arrayOf, elementTypeOf } from '../../src/onnx/datatype.js'
import { importModel } from '../../src/onnx/import/index.js'
import { modelInputs, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { shapesFor } from '../../src/onnx/shapes.js'
import { elementCount } from '../../src/onnx/tensor.js'
import type { Model, TensorValue } from '../../src/onnx/types.js'
import { isFallback } from '../../src/operators/index.js'
import { makePlan } from '../../src/plan/plan.js'

const folder = process.argv[2]
if (folder === undefined) throw new Error('Which folder? node dist/scripts/models/plans.js FOLDER')

const chip = chipProfile('TX5105C')
const plans: Record<string, unknown> = {}
for (const file of (await readdir(folder)).filter((name) => name.endsWith('.onnx')).sort()) {
  const name = path.basename(file, '.onnx')
  plans[name] = await planOf(path.join(folder, file)).catch((error: unknown) => ({ error: messageOf(error) }))
  console.log(name, JSON.stringify(plans[name]).slice(0, 200))
  await writeFile(path.join(folder, 'plans.json'), JSON.stringify(plans, undefined, 1))
}

async function planOf(file: string) {
  const { model } = await optimize(importModel(await readModel(file)).model)
  const { operators } = makePlan(model, await shapesFor(model, zeros(model)), { chip, bitsOf: () => 8 })
  const inFloat = operators.filter(isFallback).filter(({ reason }) => reason !== undefined)
  const types: Record<string, number> = {}
  for (const { nodes } of inFloat) types[nodes[0]!.opType] = (types[nodes[0]!.opType] ?? 0) + 1
  return { integer: operators.filter((one) => !isFallback(one)).length, float: inFloat.length, types }
}

function zeros({ proto }: Model): Record<string, TensorValue> {
  return Object.fromEntries(
    modelInputs(proto).map((input) => {
      const dims = input.dims.map((dim) => (typeof dim === 'number' ? dim : 1))
      const type = elementTypeOf(input.dataType)!
      return [input.name, { type, dims, data: new (arrayOf(type))(elementCount(dims)) }]
    }),
  )
}
