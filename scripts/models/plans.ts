// What squire would run in integers of every model of a folder, without any data: `node dist/scripts/models/plans.js FOLDER` writes plans.json there.
// Dynamic dims are taken as 1; where the model cannot run so, or has empty tensors, the last axis of an input as more, samples of
// sound for one.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { prepare } from '../../src/calibrate/prepare.js'
import { messageOf } from '../../src/errors.js'
import { chipProfile } from '../../src/fixedpoint/chip.js'
import { specialize } from '../../src/onnx/edits/specialize.js'
import { arrayOf, elementTypeOf } from '../../src/onnx/elements/datatype.js'
import { importModel } from '../../src/onnx/import/index.js'
import { modelInputs, readModel } from '../../src/onnx/model.js'
import { optimize } from '../../src/onnx/passes/index.js'
import { elementCount } from '../../src/onnx/tensor.js'
import type { Model, TensorValue } from '../../src/onnx/types.js'
import { isFallback } from '../../src/operators/index.js'
import type { Plan } from '../../src/plan/types.js'

const folder = process.argv[2]
if (folder === undefined) throw new Error('Which folder? node dist/scripts/models/plans.js FOLDER')

const workspace = await mkdtemp(path.join(tmpdir(), 'squire-plans-'))
const plans: Record<string, unknown> = {}
try {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.onnx')).sort()) {
    const name = path.basename(file, '.onnx')
    plans[name] = await planOf(path.join(folder, file)).catch((error: unknown) => ({ error: messageOf(error) }))
    console.log(name, JSON.stringify(plans[name]).slice(0, 200))
    await writeFile(path.join(folder, 'plans.json'), JSON.stringify(plans, undefined, 1))
  }
} finally {
  await rm(workspace, { recursive: true })
}

async function planOf(file: string) {
  const { model } = await optimize(importModel(await readModel(file)).model)
  const { operators } = await shortestPlan(model)
  const inFloat = operators.filter(isFallback).filter(({ reason }) => reason !== undefined)
  const types: Record<string, number> = {}
  for (const { nodes } of inFloat) types[nodes[0]!.opType] = (types[nodes[0]!.opType] ?? 0) + 1
  return { integer: operators.filter((one) => !isFallback(one)).length, float: inFloat.length, types }
}

async function shortestPlan(model: Model): Promise<Plan> {
  for (const length of [1, 256]) {
    const plan = await planFor(model, length).catch(() => undefined)
    if (plan !== undefined && !hasEmpty(plan)) return plan
  }
  return planFor(model, 1024)
}

/** As a run plans it: with the branches that the dims decide. */
async function planFor(model: Model, length: number) {
  const feeds = zeros(model, length)
  const proto = specialize(model.proto, feeds)?.proto
  const decided = proto === undefined ? model : (await optimize({ ...model, proto })).model
  const options = { chip: chipProfile('TX5105C'), bitsOf: () => 8 }
  return (await prepare(decided, feeds, options, workspace)).plan
}

function hasEmpty({ tensors }: Plan): boolean {
  return [...tensors.values()].some(({ dims }) => dims.includes(0))
}

function zeros({ proto }: Model, length: number): Record<string, TensorValue> {
  return Object.fromEntries(
    modelInputs(proto).map((input) => {
      const last = input.dims.length - 1
      const dims = input.dims.map((dim, axis) => (typeof dim === 'number' ? dim : axis === last ? length : 1))
      const type = elementTypeOf(input.dataType)!
      return [input.name, { type, dims, data: new (arrayOf(type))(elementCount(dims)) }]
    }),
  )
}
