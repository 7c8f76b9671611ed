// From a model as people export it to the form that everything after works on: one graph without functions, float32, standard operators as far
// as they express it. Inputs and outputs keep their names.

import { withUniqueInnerNames } from '../names/innerNames.js'
import { withUniqueNames } from '../names/nodeNames.js'
import type { Model } from '../types.js'
import { lowerContrib } from './contrib/index.js'
import { denseInitializers } from './denseInitializers.js'
import { takeDynamicQuantization } from './dynamicQuantization.js'
import { inlineFunctions } from './functions.js'
import { singlePrecision, takesOtherPrecision } from './precision.js'
import type { ImportStep } from './step.js'

const uniqueNodeNames: ImportStep = (proto) => {
  const { graph } = withUniqueNames(proto.graph)
  return { proto: graph === proto.graph ? proto : { ...proto, graph } }
}

const uniqueInnerNames: ImportStep = (proto) => {
  const graph = withUniqueInnerNames(proto.graph)
  return { proto: graph === proto.graph ? proto : { ...proto, graph } }
}

const steps: readonly ImportStep[] = [
  denseInitializers,
  inlineFunctions,
  uniqueInnerNames,
  singlePrecision,
  takeDynamicQuantization,
  lowerContrib,
  uniqueNodeNames,
]

export interface Imported {
  readonly model: Model
  /** One line a step that changed something. */
  readonly log: readonly string[]
}

/** @throws SquireError MODEL or UNSUPPORTED, naming the node */
export function importModel(model: Model): Imported {
  return stepped(model, steps)
}

/**
 * A model that runs as it is: in float32 where an input is in another precision, so that every kind of run takes the same data. An integer model
 * computes on doubles between inputs and outputs of float32, and stays what it is.
 */
export function inSinglePrecision(model: Model): Imported {
  return takesOtherPrecision(model.proto) ? stepped(model, [inlineFunctions, singlePrecision]) : { model, log: [] }
}

function stepped(model: Model, steps: readonly ImportStep[]): Imported {
  let { proto } = model
  const log: string[] = []
  for (const step of steps) {
    const result = step(proto)
    proto = result.proto
    if (result.line !== undefined) log.push(result.line)
  }
  return { model: { ...model, proto }, log }
}
