// The registry of operator families, in match order: the first family that knows a node decides.

import { affine } from './affine/index.js'
import { add, mul } from './binary/index.js'
import { comparison } from './comparison/index.js'
import { concat, concatConstant } from './concat/index.js'
import { channelwise, conv } from './conv/index.js'
import { fallback } from './fallback/index.js'
import type { PlannedFallback } from './fallback/plan.js'
import { interpolation } from './interpolation/index.js'
import { linear } from './linear/index.js'
import { lookup } from './lookup/index.js'
import { lut, steepLut } from './lut/index.js'
import { filling, movement } from './movement/index.js'
import { normalization } from './normalization/index.js'
import { averagePool, maxPool } from './pool/index.js'
import { prelu } from './prelu/index.js'
import { product } from './product/index.js'
import { quotient } from './quotient/index.js'
import { ranking } from './ranking/index.js'
import { extreme, norm, sum } from './reduce/index.js'
import { requantize } from './requantize/index.js'
import { sampling } from './sampling/index.js'
import { scan, state } from './scan/index.js'
import { scatter } from './scatter/index.js'
import { select, selectConstant } from './select/index.js'
import { logSum, softmax } from './softmax/index.js'
import type { Family, PlannedOperator } from './types.js'

export const families: readonly Family[] = [
  conv,
  linear,
  product,
  softmax,
  logSum,
  normalization,
  sum,
  norm,
  extreme,
  maxPool,
  averagePool,
  interpolation,
  sampling,
  movement,
  filling,
  ranking,
  concat,
  concatConstant,
  comparison,
  lookup,
  lut,
  steepLut,
  channelwise,
  affine,
  add,
  mul,
  scan,
  state,
  quotient,
  prelu,
  scatter,
  select,
  selectConstant,
  requantize,
  fallback,
]

const byKind: ReadonlyMap<string, Family> = new Map([...families].reverse().map((family) => [family.kind, family]))

export function familyOf({ kind }: { readonly kind: string }): Family {
  const family = byKind.get(kind)
  if (!family) throw new Error(`No family of operators is called "${kind}".`)
  return family
}

/** Whether an operator runs in float, off the chip. */
export function isFallback(operator: Pick<PlannedOperator, 'kind'>): operator is PlannedFallback {
  return operator.kind === fallback.kind
}
