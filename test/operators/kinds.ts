// What the operators of a kind look like, for tests that look inside.

import type { PlannedBinary } from '../../src/operators/binary/plan.js'
import type { FixedAdd, FixedMul } from '../../src/operators/binary/solve.js'
import type { PlannedConcat } from '../../src/operators/concat/plan.js'
import type { FixedConcat } from '../../src/operators/concat/solve.js'
import type { PlannedConv } from '../../src/operators/conv/plan.js'
import type { FixedConv } from '../../src/operators/conv/solve.js'
import type { PlannedLinear } from '../../src/operators/linear/plan.js'
import type { FixedLinear } from '../../src/operators/linear/solve.js'
import type { PlannedLut } from '../../src/operators/lut/plan.js'
import type { FixedLut } from '../../src/operators/lut/solve.js'
import type { PlannedAveragePool } from '../../src/operators/pool/plan.js'
import type { FixedAveragePool } from '../../src/operators/pool/solve.js'

export interface PlannedByKind {
  conv: PlannedConv
  matmul: PlannedLinear
  lut: PlannedLut
  add: PlannedBinary
  mul: PlannedBinary
  concat: PlannedConcat
  averagepool: PlannedAveragePool
}

export interface FixedByKind {
  conv: FixedConv
  matmul: FixedLinear
  lut: FixedLut
  add: FixedAdd
  mul: FixedMul
  concat: FixedConcat
  averagepool: FixedAveragePool
}
