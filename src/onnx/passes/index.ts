// The passes, run in turn until none finds anything to do; late ones only where no other finds anything, and Scans get the form that the plan knows
// before. Each change takes away a node, an input, a constant, a Transpose, a level of nesting or a composite operator, so this ends.

import { sortTopologically } from '../graph.js'
import type { Model, ModelProto } from '../types.js'
import { constantInputs } from './constants/constantInputs.js'
import { constantNodes } from './constants/constantNodes.js'
import { foldConstants } from './constants/foldConstants.js'
import { foldInferred } from './constants/foldInferred.js'
import { chooseBranch } from './controlFlow/chooseBranch.js'
import { foldIf } from './controlFlow/foldIf.js'
import { unrollLoop } from './controlFlow/unrollLoop.js'
import { foldArithmetic } from './folding/foldArithmetic.js'
import { foldBatchNormalization } from './folding/foldBatchNormalization.js'
import { foldNormalization } from './folding/foldNormalization.js'
import { mergeConvolutions } from './folding/mergeConvolutions.js'
import { moveTransposes } from './layout/moveTransposes.js'
import { contribLowerings, lateLowerings, lowerings } from './lowered/index.js'
import type { Pass } from './pass.js'
import { chooseMasked } from './patterns/chooseMasked.js'
import { fuseHardSigmoid } from './patterns/fuseHardSigmoid.js'
import { fuseMagnitude } from './patterns/fuseMagnitude.js'
import { singleArithmetic } from './patterns/singleArithmetic.js'
import { lowerRecurrent } from './recurrent/lowerRecurrent.js'
import { showSteps } from './recurrent/showSteps.js'
import { dropEmptyParts } from './removal/dropEmptyParts.js'
import { removeDead } from './removal/removeDead.js'
import { removeIdentity } from './removal/removeIdentity.js'

const allPasses: readonly Pass[] = [
  constantInputs,
  constantNodes,
  removeDead,
  dropEmptyParts,
  removeIdentity,
  foldConstants,
  lowerRecurrent,
  singleArithmetic,
  foldInferred,
  foldIf,
  unrollLoop,
  moveTransposes,
  chooseMasked,
  foldBatchNormalization,
  foldArithmetic,
  mergeConvolutions,
  foldNormalization,
  ...lowerings,
  fuseHardSigmoid,
  fuseMagnitude,
]

/** Run once, before recurrent layers become Scans that show no more than calibration has to observe. */
const first: readonly Pass[] = [constantInputs, constantNodes, showSteps]

/** What the plan cannot do without: constants as initializers, standard operators, and steps that it can look into. */
const needed: readonly Pass[] = [constantInputs, constantNodes, ...contribLowerings, lowerRecurrent]

/** What dims decide, once the inputs have such: what depends on dims alone becomes constant. No tensor that is left changes its name. */
const decidedByDims: readonly Pass[] = [foldInferred, foldConstants, removeDead]

export interface Optimized {
  readonly model: Model
  /** One line a pass that did something, with its count, then the nodes before and after. */
  readonly log: readonly string[]
}

/**
 * A simpler model with the same inputs and the same outputs within float rounding. Works on the main graph; subgraphs of If, Loop and Scan stay
 * as they are, but for the branch of an If that is always taken, a Loop of a constant number of steps, and what the steps of a Scan show; `needed`
 * leaves all but constants, recurrent layers, Scans and operators of ONNX Runtime as it is, `dims` all but what depends on dims alone. The model
 * keeps its path and hash: they identify the file it came from.
 */
export async function optimize(model: Model, extent: 'all' | 'needed' | 'dims' = 'all'): Promise<Optimized> {
  const passes = { all: allPasses, needed, dims: decidedByDims }[extent]
  const late = extent === 'all' ? [chooseBranch, ...lateLowerings] : []
  const counts = new Map<Pass, number>()
  const zeros = new Map(model.zeros)
  let proto = sorted(model.proto)
  const run = async (some: readonly Pass[]) => {
    const before = proto
    for (const pass of some) {
      const result = await pass.apply(proto)
      counts.set(pass, (counts.get(pass) ?? 0) + result.count)
      for (const [name, values] of result.zeros ?? []) zeros.set(name, values)
      proto = result.proto
    }
    return proto !== before
  }
  if (extent !== 'dims') await run(first)
  while ((await run(passes)) || (await run(late)));
  const done = [...new Set([...first, ...passes, ...late])]
    .filter((pass) => (counts.get(pass) ?? 0) > 0)
    .map((pass) => `${pass.title}: ${counts.get(pass)}`)
  const sizes = `nodes: ${model.proto.graph.node.length} -> ${proto.graph.node.length}`
  return { model: { ...model, proto, ...(zeros.size > 0 && { zeros }) }, log: [...done, sizes] }
}

function sorted(proto: ModelProto): ModelProto {
  return { ...proto, graph: { ...proto.graph, node: sortTopologically(proto.graph.node) } }
}
